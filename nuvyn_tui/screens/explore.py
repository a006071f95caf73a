"""Explore: the catalog as a tree, with what is known of the selected node beside it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from core.errors import NuvynError
from core.house import open_mirror
from core.mirror.browse import Browser
from core.mirror.compare import Comparison, Side, compare
from core.mirror.session import literal
from nuvyn_tui.screens.compare import CompareScreen
from nuvyn_tui.screens.explore_tree import COLUMNS, FOLDER_MARK, Catalog, Key, Node, cells, folders_of
from nuvyn_tui.screens.explore_views import Detail, View, read_detail
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.search import Search
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.grid import Grid

_LOOK_EVERY_S = 2.0
_SETTLED_S = 0.06

_EMPTY = """Here the tables and columns show that your jobs found.
So far none has stored any. Press 1 and then d for the demo, or 2 for a payload."""


class ExploreScreen(ModeScreen):
    """The catalog of the mirror."""

    PLACE = "explore"
    CSS_PATH = "explore.tcss"
    HELP = (
        "The catalog: workflows, their sources, folders and tables; right and left open and close. Beside it what is "
        "known of the node; v changes the view. A type with ! differs between the table's files."
    )

    def __init__(self) -> None:
        super().__init__()
        self._catalog = Catalog()
        self._detail: Detail | None = None
        self._view_name = ""
        self._wanted: str | None = None
        self._marked: Side | None = None
        self._stamp: object = None

    def panes(self) -> ComposeResult:
        with Horizontal():
            yield Grid[Node](COLUMNS, cells, lambda node: node.key, empty=_EMPTY, header=False, id="tree")
            with Vertical(id="detail"):
                yield Static(id="head")
                yield Static(id="views")
                yield Grid[object]((), lambda row: (), lambda row: row, empty="", id="rows")

    def on_mount(self) -> None:
        # An own mirror: its questions don't wait for those of other modes.
        self._mirror = open_mirror(self.bridge.house.settings)
        self._browser = Browser(self._mirror)
        self._tree.focus()
        self.set_interval(_LOOK_EVERY_S, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    @property
    def _tree(self) -> Grid[Node]:
        return self.query_one("#tree", Grid)

    @property
    def _rows(self) -> Grid[object]:
        return self.query_one("#rows", Grid)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Read the catalog again when a job has committed."""
        if self.is_current and (stamp := await self.bridge.other(self._file_stamp)) != self._stamp:
            # Before reading: a mirror that can't be read is told of once, until it changes.
            self._stamp = stamp
            await self._reload()

    def _file_stamp(self) -> object:
        with suppress(OSError):
            found = self._mirror.path.stat()
            return (found.st_mtime_ns, found.st_size, found.st_ino)
        return "none"

    async def _reload(self) -> None:
        self._catalog.workflows = await self.bridge.mirror(self._browser.workflows)
        if len(self._catalog.workflows) == 1:
            self._catalog.opened.add((self._catalog.workflows[0].workflow_id,))
        for key in sorted(self._catalog.opened, key=len):
            await self._load(key)
        self._draw()
        self._tell()

    async def _load(self, key: Key) -> None:
        """Read what is below a workflow or a source."""
        if len(key) == 1:
            self._catalog.sources[key[0]] = await self.bridge.mirror(self._browser.sources, key[0])
        elif len(key) == 2:
            rows = self._catalog.sources.get(key[0], ())
            source = next((row for row in rows if row.source_id == key[1]), None)
            if source is not None:
                tables = await self.bridge.mirror(self._browser.tables, *key)
                self._catalog.folders[key] = await self.bridge.other(folders_of, source, tables)

    def _draw(self) -> None:
        self._tree.show(self._catalog.nodes())
        self.set_class(not self._tree.rows, "-empty")
        self.refresh_keys()

    @on(Grid.Moved, "#tree")
    def _moved(self) -> None:
        self._tell()

    @work(exclusive=True, group="tell")
    async def _tell(self) -> None:
        # While the cursor runs through the tree nothing is read.
        await asyncio.sleep(_SETTLED_S)
        node = self._tree.row
        if node is None:
            return
        try:
            detail = await self.bridge.mirror(read_detail, self._browser, node)
        except NuvynError as error:
            self.query_one("#head", Static).update(plain(error))
            return
        self._detail = detail
        self._show()

    @property
    def _view(self) -> View | None:
        views = self._detail.views if self._detail else ()
        return next((view for view in views if view.name == self._view_name), views[0] if views else None)

    def _show(self) -> None:
        assert self._detail is not None
        self.query_one("#head", Static).update(self._detail.head)
        view = self._view
        names = [
            Content.styled(f" {v.name} {len(v.rows):,} ", "reverse" if v is view else "") for v in self._detail.views
        ]
        if view is not None and view.cut:
            names.append(plain(f"  {view.cut}", "$text-warning"))
        self.query_one("#views", Static).update(Content("").join(names))
        if view is None:
            self._rows.show((), empty="")
        else:
            self._rows.shape(view.columns, view.cells, view.key)
            self._rows.show(view.rows, empty=view.empty)
        self._go_to_column()
        self.refresh_keys()

    def _go_to_column(self) -> None:
        """To the column that search or compare came for."""
        wanted, view = self._wanted, self._view
        if wanted is None or view is None or view.name != "columns":
            return
        self._wanted = None
        self._rows.select(next((row.position for row in view.rows if row.name == wanted), None))
        self._rows.focus()

    def open_source(self, workflow_id: str, source_id: str) -> None:
        """Open the tree at a source."""
        self._open_at((workflow_id, source_id, FOLDER_MARK), None, None)

    def open_table(self, workflow_id: str, source_id: str, table: str, column: str | None = None) -> None:
        """Open the tree at a table, with the cursor on one of its columns."""
        self._open_at((workflow_id, source_id, FOLDER_MARK), table, column)

    @work(exclusive=True, group="open")
    async def _open_at(self, key: Key, table: str | None, column: str | None) -> None:
        source = key[:2]
        self._catalog.open_to(key)
        self._catalog.workflows = await self.bridge.mirror(self._browser.workflows)
        await self._load(source[:1])
        await self._load(source)
        place: Key | None = source
        if table is not None and (place := self._catalog.key_of(source[0], source[1], table)) is not None:
            self._catalog.open_to(place)
        self._draw()
        self._tree.select(place)
        if column is not None:
            self._wanted = column
            self._view_name = "columns"
            self._tell()

    @work(exclusive=True, group="toggle")
    async def _set_open(self, node: Node, opened: bool) -> None:
        if opened:
            await self._load(node.key)
            self._catalog.opened.add(node.key)
        else:
            self._catalog.opened.discard(node.key)
        self._draw()

    @on(Grid.Chosen, "#tree")
    def _chosen(self, event: Grid.Chosen) -> None:
        node: Node = event.row
        if node.is_leaf:
            self._rows.focus()
        else:
            self._set_open(node, not node.opened)

    @on(Grid.Chosen, "#rows")
    def _chosen_row(self, event: Grid.Chosen) -> None:
        from nuvyn_tui.screens.dialogs import Reader

        view, node = self._view, self._tree.row
        if view is not None and view.name == "sources" and node is not None:
            self.open_source(node.key[0], event.row.source_id)
        elif view is not None:
            texts = (cell if isinstance(cell, str) else cell[0] for cell in view.cells(event.row))
            lines = [f"{c.title}: {t}" if c.title else t for c, t in zip(view.columns, texts, strict=True) if t]
            self.app.push_screen(Reader(view.name.removesuffix("s").title(), "\n".join(lines)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("view", "compare", "query", "export"):
            return self.is_mounted and self._tree.row is not None
        if action in ("expand", "collapse"):
            return self.is_mounted and self._tree.has_focus
        return True

    def action_expand(self) -> None:
        node = self._tree.row
        if node is not None and not node.is_leaf and not node.opened:
            self._set_open(node, True)
        elif node is not None and node.is_leaf:
            self._rows.focus()
        else:
            self._tree.action_move(1)

    def action_collapse(self) -> None:
        node = self._tree.row
        if node is not None and node.opened:
            self._set_open(node, False)
        elif node is not None:
            self._tree.select(node.key[:-1])

    def action_back(self) -> None:
        self._tree.focus()

    def action_view(self) -> None:
        if self._detail and self._detail.views and (view := self._view):
            views = self._detail.views
            self._view_name = views[(views.index(view) + 1) % len(views)].name
            self._show()

    def action_refresh(self) -> None:
        self._stamp = None
        self._look()

    @work(exclusive=True, group="act")
    async def action_search(self) -> None:
        hit = await self.app.push_screen_wait(Search(self.bridge, self._mirror))
        if hit is not None:
            self.open_table(hit.workflow_id, hit.source_id, hit.table, hit.column)

    @work(exclusive=True, group="act")
    async def action_compare(self) -> None:
        node = self._tree.row
        side = _side(node) if node is not None else None
        if side is None:
            self.notify("Compare takes two sources, or two tables.", markup=False)
        elif self._marked is None or self._marked == side:
            self._marked = side
            self.notify(f"Marked {side.name}. Go to another and press c again.", markup=False)
        elif (self._marked.table is None) != (side.table is None):
            self.notify("A source compares with a source, a table with a table. Marked this one now.", markup=False)
            self._marked = side
        else:
            found: Comparison = await self.bridge.mirror(compare, self._mirror, self._marked, side)
            self._marked = None
            self.app.clear_notifications()
            await self.app.push_screen(CompareScreen(self, found))

    async def action_query(self) -> None:
        from nuvyn_tui.screens.query import QueryScreen

        node = self._tree.row
        assert node is not None, "the key is off without a node"
        sql = _question(node)
        await self.house.open("query", lambda screen: cast(QueryScreen, screen).ask(sql))

    @work(exclusive=True, group="act")
    async def action_export(self) -> None:
        from nuvyn_tui.screens.writing import write_rows

        if view := self._view:
            await write_rows(self, view.rows, view.name)


def _side(node: Node) -> Side | None:
    if node.table is not None:
        return Side(node.key[0], node.key[1], node.table.name)
    return Side(*node.key) if node.source is not None else None


def _question(node: Node) -> str:
    """SQL about a node."""
    where = [f"{name} = {literal(value)}" for name, value in zip(("workflow_id", "source_id"), node.key, strict=False)]
    if node.table is not None:
        where.append(f"table_name = {literal(node.table.name)}")
        fields, table, order = "column_name, data_type, is_nullable, native_type", "columns", "position"
    elif len(node.key) > 1:
        fields, table, order = "table_name, file_type, row_count, file_count", "tables", "table_name"
    else:
        fields, table, order = "source_id, source_type, files_found, tables_found", "sources", "source_id"
    return f"SELECT {fields}\nFROM {table}\nWHERE {' AND '.join(where)}\nORDER BY {order}"
