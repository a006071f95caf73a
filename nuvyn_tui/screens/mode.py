"""What every mode's screen has: the bar of modes, its own panes, the line of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.screen import Screen

from nuvyn_tui.commands.command import bindings
from nuvyn_tui.commands.registry import commands_of
from nuvyn_tui.guard import Guarded
from nuvyn_tui.widgets.bars import KeyLine, ModeBar

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp
    from nuvyn_tui.bridge import Bridge


class ModeScreen(Guarded, Screen[None]):
    """A mode, or what is shown on top of one.

    Subclasses set `PLACE` (where their commands are registered) and yield their panes in `panes`;
    `MODE` is the mode they belong to, by default the one of that name.
    """

    PLACE: ClassVar[str] = ""
    MODE: ClassVar[str] = ""
    HELP = ""
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]

    def __init__(self) -> None:
        super().__init__()
        self._bindings = BindingsMap.merge([self._bindings, BindingsMap(bindings(commands_of(self.PLACE)))])

    @property
    def house(self) -> NuvynApp:
        """The app, by its own type."""
        found: NuvynApp = self.app  # type: ignore[assignment]
        return found

    @property
    def bridge(self) -> Bridge:
        return self.house.bridge

    def compose(self) -> ComposeResult:
        yield ModeBar(self.MODE or self.PLACE)
        yield from self.panes()
        yield KeyLine(commands_of(self.PLACE))

    def panes(self) -> ComposeResult:
        """The mode's own widgets."""
        raise NotImplementedError

    def refresh_keys(self) -> None:
        """Draw the key line again: what is possible has changed."""
        self.query_one(KeyLine).refresh()
