"""The lower pane of Query: a result with what it is, or words in its place."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.results_table import ResultsTable, Shown


class Note(Guarded, VerticalScroll, can_focus=True):
    """Words where there are no rows: what to do, or what went wrong."""

    HELP = "What the last query said, or how to begin. f6 goes to the editor."


class Results(Guarded, Vertical):
    """Shows one result or some words; the line above says how many rows, how fast, and what was cut."""

    DEFAULT_CSS = """
    Results { height: 1fr; }
    Results #told { height: 1; color: $text-muted; padding: 0 1; }
    Results #told.-live { color: $text-accent; }
    Results #told.-failed { color: $text-error; }
    Results Note { height: 1fr; padding: 0 1; }
    Results Note.-hidden { display: none; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="told", markup=False)
        with Note():
            yield Static(id="note", markup=False)

    @property
    def table(self) -> ResultsTable | None:
        """The table of rows, when there is one."""
        return next(iter(self.query(ResultsTable)), None)

    def tell(self, line: str, *, live: bool = False, failed: bool = False) -> None:
        """What the line above says."""
        told = self.query_one("#told", Static)
        told.update(plain(line))
        told.set_class(live, "-live")
        told.set_class(failed, "-failed")

    async def say(self, line: str, words: str | Content, *, failed: bool = False) -> None:
        """Words in place of rows."""
        await self._clear()
        self.query_one(Note).remove_class("-hidden")
        self.query_one("#note", Static).update(words if isinstance(words, Content) else plain(words))
        self.tell(line, failed=failed)

    async def show(self, shown: Shown, line: str) -> None:
        """Rows."""
        await self._clear()
        self.query_one(Note).add_class("-hidden")
        await self.mount(ResultsTable(shown))
        self.tell(line)

    def go(self) -> None:
        """Take the focus."""
        (self.table or self.query_one(Note)).focus()

    @property
    def has_the_focus(self) -> bool:
        """Whether one of its parts has the focus."""
        focused = self.screen.focused
        return focused is not None and self in focused.ancestors

    async def _clear(self) -> None:
        focused = self.has_the_focus
        await self.query(ResultsTable).remove()
        if focused:
            self.call_after_refresh(self.go)
