"""A result of a million rows as a table: only the cells on screen are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual_fastdatatable import DataTable
from textual_fastdatatable.backend import ArrowBackend

from core.mirror.results import text_of
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDEST = 48
_MEASURED = 500
# More characters of a value than any screen shows in a line.
_LONGEST = 400


class Shown(ArrowBackend):
    """The values as they are shown, made one cell at a time; widths come from some of the rows.

    Making one measures, which takes a fifth of a second for many columns: do it in a thread.
    """

    def __init__(self, rows: pa.Table) -> None:
        super().__init__(rows)
        self.render_markup = False
        self._column_content_widths = [self._width(at) for at in range(self.column_count)]

    def get_cell_at(self, row_index: int, column_index: int) -> Any:
        return _shown(super().get_cell_at(row_index, column_index))

    def get_row_at(self, index: int) -> Sequence[Any]:
        return [self.get_cell_at(index, at) for at in range(self.column_count)]

    def _width(self, column: int) -> int:
        """The widest of some rows from everywhere; of whole numbers the widest there is."""
        count = self.row_count
        step = max(1, count // _MEASURED)
        places = {*range(min(count, _MEASURED)), *range(0, count, step)}
        values = [self.get_cell_at(row, column) for row in places]
        widths = [4 if value is None else cell_len(value.plain) for value in values]
        numbers = self.data.column(column)
        if count and pa.types.is_integer(numbers.type):
            ends = pc.min_max(numbers).as_py()
            widths.extend(len(str(end)) for end in ends.values() if end is not None)
        return max(widths, default=0)


class ResultsTable(Guarded, DataTable):
    """The rows of one Arrow table. Posts `Opened` when a cell is opened."""

    HELP = (
        "The rows that were found. Arrows or hjkl move, with shift they select; enter shows a whole value, "
        "y copies the cell or what is selected, Y the row, c all, e writes a file."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "cursor_left", "Left", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("l", "cursor_right", "Right", show=False),
        Binding("g", "cursor_table_start", "First", show=False),
        Binding("G", "cursor_table_end", "Last", show=False),
        # In the app tab goes from pane to pane, also out of a table.
        Binding("tab", "app.focus_next", "Next pane", show=False),
        Binding("shift+tab", "app.focus_previous", "Pane before", show=False),
    ]
    DEFAULT_CSS = """
    ResultsTable { height: 1fr; background: $background; }
    ResultsTable:dark { background: $background; }
    ResultsTable > .datatable--header { background: $background; color: $text-muted; text-style: bold underline; }
    ResultsTable > .datatable--cursor { background: $surface-lighten-2; text-style: bold; }
    ResultsTable:focus > .datatable--cursor { background: $primary; color: $text; }
    ResultsTable:ansi > .datatable--header { background: ansi_default; color: ansi_default; }
    ResultsTable:ansi > .datatable--cursor { background: ansi_default; text-style: bold underline; }
    ResultsTable:ansi:focus > .datatable--cursor { text-style: reverse; }
    ResultsTable:ansi > .datatable--selectrange { background: ansi_default; text-style: reverse; }
    """

    class Opened(Message):
        """A cell was opened."""

        def __init__(self, column: str, value: Any) -> None:
            super().__init__()
            self.column, self.value = column, value

    def __init__(self, shown: Shown) -> None:
        self.rows = rows = shown.source_data
        super().__init__(
            backend=shown,
            column_labels=[Text(safe(name)) for name in rows.column_names],
            max_column_content_width=_WIDEST,
            cursor_type="range",
            render_markup=False,
            null_rep="[dim italic]null[/]",
        )

    def selected(self) -> pa.Table:
        """The rows and columns that are selected: one cell, or all between the anchor and the cursor."""
        here, anchor = self.cursor_coordinate, self.selection_anchor_coordinate or self.cursor_coordinate
        top, bottom = sorted((here.row, anchor.row))
        left, right = sorted((here.column, anchor.column))
        return self.rows.select(range(left, right + 1)).slice(top, bottom - top + 1)

    def action_select_cursor(self) -> None:
        if not self.rows.num_rows:
            return
        row, column = self.cursor_coordinate
        self.post_message(self.Opened(self.rows.column_names[column], self.rows.column(column)[row].as_py()))

    def select_all(self) -> None:
        """Select every cell; the view stays where it is."""
        self.selection_anchor_coordinate = Coordinate(0, 0)
        self.cursor_coordinate = Coordinate(self.row_count - 1, self.column_count - 1)


def _shown(value: Any) -> Text | None:
    """A value on one line, control characters escaped; numbers stand right."""
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    text = text_of(value[:_LONGEST]) if isinstance(value, str | bytes) else text_of(value)[:_LONGEST]
    return Text(safe(text), justify="right" if number else None, no_wrap=True, overflow="ellipsis")
