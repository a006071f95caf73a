"""The dialogs that ask for a file. Names of files are shown as they are: never markup, never obeyed by the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Input
from textual_fspicker import FileOpen, FileSave
from textual_fspicker.base_dialog import Dialog, InputBar
from textual_fspicker.file_dialog import BaseFileDialog
from textual_fspicker.parts import CurrentDirectory, DirectoryNavigation

from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import safe

if TYPE_CHECKING:

    class _Drawn(Guarded, Widget):
        """What draws lines."""

else:
    # Textual takes styles and component classes from one line of widgets only, which is the other base's.
    _Drawn = Guarded

_UNSHOWN = "\N{REPLACEMENT CHARACTER}"


class _Harmless(_Drawn):
    """A widget whose lines hold a mark where a name has what a terminal would obey."""

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if all(safe(segment.text) == segment.text for segment in strip):
            return strip
        drawn = [Segment(_marked(segment.text), segment.style) for segment in strip]
        return Strip(drawn).adjust_cell_length(strip.cell_length)


def _marked(text: str) -> str:
    return "".join(char if safe(char) == char else _UNSHOWN for char in text)


class _Files(_Harmless, DirectoryNavigation):
    """The files of a folder."""


class _Folder(_Harmless, CurrentDirectory):
    """The folder's own name."""


class _Name(_Harmless, Input):
    """The name of the file."""


class _Picker(Guarded, BaseFileDialog):
    """What both dialogs share; one line for the name, so that most of 24 lines are for files."""

    DEFAULT_CSS = """
    _Picker Dialog { width: 76; max-width: 94%; height: 90%; }
    _Picker InputBar { padding: 0 1; }
    """

    def compose(self) -> ComposeResult:
        with Dialog() as dialog:
            dialog.border_title = self._title
            yield _Folder(markup=False)
            with Horizontal():
                yield _Files(self._location)
            with InputBar():
                yield _Name(str(self._default_file or ""), suggester=self._suggest_path, compact=True)
                yield Button(self._label(self._select_button, "Select"), id="select", compact=True)
                yield Button(self._label(self._cancel_button, "Cancel"), id="cancel", compact=True)


class OpenFile(_Picker, FileOpen):
    """Asks for a file that is there."""


class SaveFile(_Picker, FileSave):
    """Asks for a place to write to."""
