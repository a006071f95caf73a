"""A list with columns that draws only the lines on screen: 50,000 rows cost what 20 do."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nuvyn_tui.commands.command import bindings
from nuvyn_tui.commands.lists import COMMANDS
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import fit

T = TypeVar("T")
Cell = str | tuple[str, str]
"""A cell's text, or its text and how it is meant: `good`, `bad`, `warn`, `live` or `quiet`."""

_GAP = 2
_MEANINGS = ("good", "bad", "warn", "live", "quiet")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` 0 shares what is left; below `wide` cells of the whole grid it isn't drawn."""

    title: str
    width: int = 0
    right: bool = False
    wide: int = 0


class Grid(Guarded, ScrollView, Generic[T], can_focus=True):
    """Rows of `T`, drawn by `cells`; the cursor stays on the row with the same `key` when rows change."""

    HELP = "A list. Arrows or hjkl move, enter opens the row, y copies it."
    BINDINGS = bindings(COMMANDS)
    COMPONENT_CLASSES = {"grid--header", "grid--cursor", *(f"grid--{meaning}" for meaning in _MEANINGS)}
    DEFAULT_CSS = """
    Grid { height: 1fr; overflow-x: hidden; background: $background; scrollbar-size-vertical: 1; }
    Grid > .grid--header { text-style: bold; color: $text-muted; }
    Grid > .grid--cursor { text-style: bold; background: $surface-lighten-2; }
    Grid:focus > .grid--cursor { background: $primary; color: $text; }
    Grid:ansi > .grid--cursor { text-style: bold underline; }
    Grid:ansi:focus > .grid--cursor { text-style: reverse; }
    Grid > .grid--good { color: $text-success; }
    Grid > .grid--bad { color: $text-error; }
    Grid > .grid--warn { color: $text-warning; }
    Grid > .grid--live { color: $text-accent; }
    Grid > .grid--quiet { color: $text-muted; }
    """

    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another row; `row` is None when there is none."""

        def __init__(self, grid: Grid[Any], row: Any | None) -> None:
            super().__init__()
            self.grid, self.row = grid, row

        @property
        def control(self) -> Grid[Any]:
            return self.grid

    class Chosen(Message):
        """A row was opened."""

        def __init__(self, grid: Grid[Any], row: Any) -> None:
            super().__init__()
            self.grid, self.row = grid, row

        @property
        def control(self) -> Grid[Any]:
            return self.grid

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[T], Sequence[Cell]],
        key: Callable[[T], Hashable],
        *,
        empty: str = "nothing here",
        header: bool = True,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.columns = tuple(columns)
        self.rows: Sequence[T] = ()
        self.empty = empty
        self._cells, self._key = cells, key
        self._head = 1 if header else 0

    @property
    def row(self) -> T | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    @property
    def on_screen(self) -> Sequence[T]:
        """The rows that are drawn now."""
        top = round(self.scroll_y)
        return self.rows[top : top + max(0, self.size.height - self._head)]

    def show(self, rows: Sequence[T], *, empty: str | None = None) -> None:
        """Show these rows; the cursor stays with its row where that is still there."""
        empty = self.empty if empty is None else empty
        if rows == self.rows and empty == self.empty:
            return
        held = self.row
        self.rows, self.empty = rows, empty
        place = min(self.cursor, max(0, len(rows) - 1))
        if held is not None and not (place < len(rows) and self._key(rows[place]) == self._key(held)):
            wanted = self._key(held)
            place = next((at for at, row in enumerate(rows) if self._key(row) == wanted), place)
        self.virtual_size = Size(self.size.width, len(rows) + self._head)
        self.refresh()
        if place != self.cursor:
            self.cursor = place
        elif self._key_of(self.row) != self._key_of(held):
            self.post_message(self.Moved(self, self.row))

    def shape(
        self, columns: Sequence[Column], cells: Callable[[T], Sequence[Cell]], key: Callable[[T], Hashable]
    ) -> None:
        """Show rows of another kind from now on, from the top."""
        if self.columns != tuple(columns):
            self.rows = ()
            self.cursor = 0
        self.columns, self._cells, self._key = tuple(columns), cells, key
        self.refresh()

    def _key_of(self, row: T | None) -> Hashable:
        return None if row is None else self._key(row)

    def select(self, key: Hashable) -> bool:
        """Move the cursor to the row of this key; returns whether it is there."""
        for at, row in enumerate(self.rows):
            if self._key(row) == key:
                self.cursor = at
                return True
        return False

    def watch_cursor(self) -> None:
        top, room = round(self.scroll_y), max(1, self.size.height - self._head)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(self, self.row))

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(event.size.width, len(self.rows) + self._head)
        room = max(1, event.size.height - self._head)
        if self.cursor >= round(self.scroll_y) + room:
            self.scroll_to(y=self.cursor - room + 1, animate=False, force=True)

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + by))

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - self._head - 1))

    def action_edge(self, last: bool) -> None:
        self.cursor = max(0, len(self.rows) - 1) if last else 0

    def action_choose(self) -> None:
        if self.row is not None:
            self.post_message(self.Chosen(self, self.row))

    def action_copy(self) -> None:
        if self.row is not None:
            texts = (cell if isinstance(cell, str) else cell[0] for cell in self._cells(self.row))
            self.app.copy_to_clipboard("\t".join(texts))
            self.app.notify("Row copied.", markup=False)

    def on_click(self, event: events.Click) -> None:
        at = event.y - self._head + round(self.scroll_y)
        if event.y >= self._head and at < len(self.rows):
            self.cursor = at
            if event.chain == 2:
                self.action_choose()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if y < self._head:
            style = base + self.get_component_rich_style("grid--header", partial=True)
            return self._line([(c.title, "") for c in self.columns], style, width)
        if not self.rows:
            return self._empty_line(y - self._head, base, width)
        at = y - self._head + round(self.scroll_y)
        if at >= len(self.rows):
            return Strip.blank(width, base)
        held = at == self.cursor
        style = base + self.get_component_rich_style("grid--cursor", partial=True) if held else base
        return self._line(self._cells(self.rows[at]), style, width, held=held)

    def _empty_line(self, y: int, style: Style, width: int) -> Strip:
        lines = self.empty.splitlines()
        top = max(0, min(2, (self.size.height - self._head - len(lines)) // 2))
        text = lines[y - top] if 0 <= y - top < len(lines) else ""
        return Strip([Segment(fit(" " + text, width), style)], width)

    def _line(self, cells: Sequence[Cell], style: Style, width: int, *, held: bool = False) -> Strip:
        segments = [Segment(" ", style)]
        for (column, room), cell in zip(self._widths(width), cells, strict=False):
            if not room:
                continue
            text, meaning = (cell, "") if isinstance(cell, str) else cell
            drawn = style
            if meaning and not (held and self.has_focus):
                drawn = style + self.get_component_rich_style(f"grid--{meaning}", partial=True)
            segments.append(Segment(fit(text, room, right=column.right), drawn))
            segments.append(Segment(" " * _GAP, style))
        return Strip(segments).adjust_cell_length(width, style)

    def _widths(self, width: int) -> list[tuple[Column, int]]:
        drawn = [c for c in self.columns if width >= c.wide]
        fixed = sum(c.width for c in drawn) + _GAP * (len(drawn) - 1) + 2
        sharing = [c for c in drawn if not c.width]
        room = max(0, width - fixed)
        share, rest = divmod(room, len(sharing)) if sharing else (0, 0)
        found = []
        for column in self.columns:
            wanted = column.width or max(4, share + (1 if rest > 0 else 0))
            if not column.width and column in drawn:
                rest -= 1
            found.append((column, wanted if column in drawn else 0))
        return found
