"""Compare: two sources or tables side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from core.mirror.compare import KINDS, Comparison, Difference
from core.text import plural
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.text import bar, fit, plain
from nuvyn_tui.widgets.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from nuvyn_tui.screens.explore import ExploreScreen

_MEANINGS = dict(zip(KINDS, ("good", "bad", "warn", "warn", "quiet"), strict=True))
_SHORT = {"nullability differs": "null differs"}
_COLUMNS = (
    Column("", 12),
    Column("table"),
    Column("column"),
    Column("A"),
    Column("B"),
)
_TYPES_SHOWN = 6
_BAR = 8


class CompareScreen(ModeScreen):
    """The differences of two sides. `f` shows one kind only; enter goes to the table."""

    PLACE = "compare"
    MODE = "explore"
    CSS_PATH = "explore.tcss"
    HELP = "What only one side has, and what differs. f filters by kind, enter opens the table, e exports."

    def __init__(self, explore: ExploreScreen, found: Comparison) -> None:
        super().__init__()
        self._explore, self._found = explore, found
        self._kind: str | None = None

    def panes(self) -> ComposeResult:
        yield Static(self._head(), id="compared")
        empty = "No difference of this kind."
        yield Grid[Difference](_COLUMNS, _cells, lambda line: (line.table, line.column), empty=empty, id="differences")

    def on_mount(self) -> None:
        grid = self.query_one("#differences", Grid)
        grid.focus()
        self._show()

    def _head(self) -> Content:
        found = self._found
        most = max((max(a, b) for _, a, b in found.types), default=0)
        lines = [
            Content.assemble(("A  ", "bold $text-success"), plain(found.a.name)),
            Content.assemble(("B  ", "bold $text-error"), plain(found.b.name)),
        ]
        if found.a.table is None:
            lines.append(_counted("tables   ", found.tables))
        lines.append(_counted("columns  ", found.columns))
        for name, a, b in found.types[:_TYPES_SHOWN]:
            drawn = f"  A {bar(a, most, _BAR)} {a:>7,}  B {bar(b, most, _BAR)} {b:>7,}"
            lines.append(Content.assemble(plain(fit(name, 14)), drawn))
        if len(found.types) > _TYPES_SHOWN:
            lines.append(plain("these are the most frequent types; there are more", "$text-muted"))
        return Content("\n").join(lines)

    def _show(self) -> None:
        rows = [line for line in self._found.differences if self._kind in (None, line.kind)]
        grid = self.query_one("#differences", Grid)
        grid.show(rows)
        every = self._found.count(self._kind)
        cut = f"the first {len(rows):,} of " if len(rows) < every else ""
        grid.border_title = f"{self._kind or 'all'}: {cut}{plural(every, 'line')}"

    @on(Grid.Chosen)
    async def _chosen(self, event: Grid.Chosen) -> None:
        line: Difference = event.row
        side = self._found.b if line.kind == "only in B" and line.column is None else self._found.a
        table = side.table or line.table
        self.dismiss()
        self._explore.open_table(side.workflow_id, side.source_id, table, line.column)

    def action_kind(self) -> None:
        """Show the next kind that there is."""
        kinds = [None, *(kind for kind in KINDS if self._found.count(kind))]
        self._kind = kinds[(kinds.index(self._kind) + 1) % len(kinds)]
        self._show()

    @work(exclusive=True, group="act")
    async def action_export(self) -> None:
        from nuvyn_tui.screens.writing import write_rows

        await write_rows(self, self.query_one("#differences", Grid).rows, "comparison")

    def action_back(self) -> None:
        self.dismiss()


def _counted(what: str, counts: Mapping[str, int]) -> Content:
    """How many there are of each kind."""
    named = [(kind, n) for kind, n in counts.items() if n]
    parts = [Content.assemble((f"{n:,} ", "bold"), kind) for kind, n in named]
    return Content.assemble(what, Content("   ").join(parts) if parts else "none")


def _cells(line: Difference) -> list[Cell]:
    kind = _SHORT.get(line.kind, line.kind)
    return [(kind, _MEANINGS[line.kind]), line.table, line.column or ("(table)", "quiet"), line.a or "", line.b or ""]
