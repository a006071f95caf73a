"""Search: tables, columns and types of the whole mirror, as the operator types."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.mirror.mirror import Mirror
from core.mirror.search import MOST_HITS, Hit, search
from core.text import plural
from nuvyn_tui.bridge import Bridge
from nuvyn_tui.guard import Guarded
from nuvyn_tui.widgets.grid import Cell, Column, Grid

_COLUMNS = (
    Column("column"),
    Column("table"),
    Column("type", 18),
    Column("source", wide=76),
    Column("workflow", wide=110),
)
_EMPTY = "Type a part of a table's, a column's or a type's name."


class Search(Guarded, ModalScreen[Hit | None]):
    """Dismissed with the chosen hit, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("down", "to_hits", "Hits"),
    ]

    def __init__(self, bridge: Bridge, mirror: Mirror, text: str = "") -> None:
        super().__init__()
        self._bridge, self._mirror, self.text = bridge, mirror, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog search"):
            yield Input(self.text, placeholder="search tables, columns and types", compact=True)
            yield Static(id="found")
            yield Grid[Hit](_COLUMNS, _cells, lambda hit: hit, empty=_EMPTY, id="hits")
            yield Static("enter goes there   arrows choose   esc back", classes="dialog-keys")

    @property
    def _hits(self) -> Grid[Hit]:
        return self.query_one("#hits", Grid)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.text = event.value
        self._search(event.value)

    @work(exclusive=True, group="search")
    async def _search(self, text: str) -> None:
        found = await self._bridge.mirror(search, self._mirror, text)
        empty = "Nothing holds that text." if text.strip() else _EMPTY
        self._hits.show(found.hits, empty=empty)
        self._hits.cursor = 0
        count = f"the best {MOST_HITS}, there are more" if found.more else plural(len(found.hits), "hit")
        self.query_one("#found", Static).update(count if text.strip() else "")

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._hits.action_choose()

    @on(Grid.Chosen)
    def _chosen(self, event: Grid.Chosen) -> None:
        self.dismiss(event.row)

    def action_to_hits(self) -> None:
        self._hits.focus()

    def action_leave(self) -> None:
        self.dismiss(None)


def _cells(hit: Hit) -> list[Cell]:
    return [hit.column or ("(table)", "quiet"), hit.table, (hit.type, "live"), hit.source_id, hit.workflow_id]
