"""Explore: the catalog as a tree, with what is known of the selected node beside it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from core.errors import NuvynError
from core.house import open_mirror
from core.mirror.browse import Browser, question_about
from core.mirror.compare import Comparison, Side, compare
from nuvyn_tui.screens.compare import CompareScreen
from nuvyn_tui.screens.dialogs import Reader
from nuvyn_tui.screens.explore_detail import Detail, read_detail
from nuvyn_tui.screens.explore_tree import Catalog, Key, Node, TreeGrid, folders_of
from nuvyn_tui.screens.explore_views import View, story_of
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.search import Search
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.grid import Grid
from nuvyn_tui.widgets.views import ViewNames

_LOOK_EVERY_S = 2.0
_SETTLED_S = 0.06
_SLOW_S = 0.4

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
        self._searched = ""
        self._stamp: object = None
        self._looking = False

    def panes(self) -> ComposeResult:
        with Horizontal():
            yield TreeGrid(empty="Reading the catalog…", id="tree")
            with Vertical(id="detail"):
                yield Static(id="head")
                yield ViewNames(id="views")
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
    def _tree(self) -> TreeGrid:
        return self.query_one("#tree", TreeGrid)

    @property
    def _rows(self) -> Grid[object]:
        return self.query_one("#rows", Grid)

    @work(group="look")
    async def _look(self) -> None:
        """Read the catalog again when a job has committed."""
        # One at a time and never cut short: while a worker commits, reading may take longer than the next look.
        if not self.is_current or self._looking:
            return
        self._looking = True
        try:
            if (stamp := await self.bridge.other(self._file_stamp)) != self._stamp:
                # Before reading: a mirror that can't be read is told of once, until it changes.
                self._stamp = stamp
                await self._reload()
        finally:
            self._looking = False

    def _file_stamp(self) -> object:
        with suppress(OSError):
            found = self._mirror.path.stat()
            return (found.st_mtime_ns, found.st_size, found.st_ino)
        return "none"

    async def _reload(self) -> None:
        self._catalog.workflows = await self.bridge.mirror(self._browser.workflows)
        self._catalog.forget_closed()
        if len(self._catalog.workflows) == 1:
            self._catalog.opened.add((self._catalog.workflows[0].workflow_id,))
        for key in sorted(self._catalog.opened, key=len):
            await self._load(key)
        self._draw()
        self._tell()

    async def _load(self, key: Key) -> None:
        """Read what is below a workflow or a source; what has not changed since is not read again."""
        if len(key) == 1:
            self._catalog.sources[key[0]] = await self.bridge.mirror(self._browser.sources, key[0])
        elif len(key) == 2:
            source = self._catalog.source(key)
            if source is not None and self._catalog.folders.get(key, (None,))[0] != source:
                names = await self.bridge.mirror(self._browser.table_names, *key)
                self._catalog.folders[key] = (source, await self.bridge.other(folders_of, source, names))

    def _draw(self) -> None:
        self._tree.show(self._catalog.nodes(), empty=_EMPTY)
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
        head = self.query_one("#head", Static)
        slow = self.set_timer(_SLOW_S, lambda: head.update(plain(f"Reading {node.name}…")))
        try:
            detail = await self.bridge.mirror(read_detail, self._browser, node)
        except NuvynError as error:
            head.update(plain(error))
            return
        finally:
            slow.stop()
        self._detail = detail
        self._show()

    @property
    def _view(self) -> View | None:
        views = self._detail.views if self._detail else ()
        return next((view for view in views if view.name == self._view_name), views[0] if views else None)

    def _show(self) -> None:
        assert self._detail is not None
        self.query_one("#head", Static).update(self._detail.head)
        view, views = self._view, self._detail.views
        titles = [found.title for found in views]
        self.query_one(ViewNames).show(titles, views.index(view) if view else 0, view.cut if view else "")
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
        self._open_at(workflow_id, source_id, None, None)

    def open_table(self, workflow_id: str, source_id: str, table: str, column: str | None = None) -> None:
        """Open the tree at a table, with the cursor on one of its columns."""
        self._open_at(workflow_id, source_id, table, column)

    @work(exclusive=True, group="open")
    async def _open_at(self, workflow_id: str, source_id: str, table: str | None, column: str | None) -> None:
        source = (workflow_id, source_id)
        self._catalog.workflows = await self.bridge.mirror(self._browser.workflows)
        await self._load(source[:1])
        await self._load(source)
        place = source if table is None else self._catalog.key_of(*source, table)
        if place is None or self._catalog.source(source) is None:
            self._draw()
            self.notify(f"The mirror holds nothing of {'/'.join(filter(None, (*source, table)))}.", severity="warning")
            return
        self._catalog.open_to(place)
        self._catalog.opened.add(source)
        self._draw()
        self._tree.select(place)
        if column is not None:
            self._wanted = column
            self._view_name = "columns"
            self._tell()

    def _set_open(self, node: Node, opened: bool) -> None:
        if not opened:
            self._catalog.opened.discard(node.key)
        elif self._catalog.knows(node.key):
            self._catalog.opened.add(node.key)
        else:
            self._read(node.key)
            return
        self._draw()

    @work(group="read")
    async def _read(self, key: Key) -> None:
        """Open a node whose children are not known yet; the line says so meanwhile."""
        self._tree.busy.add(key)
        self._tree.refresh()
        try:
            await self._load(key)
        finally:
            self._tree.busy.discard(key)
            self._tree.refresh()
        self._catalog.opened.add(key)
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
        view, node = self._view, self._tree.row
        if view is None or node is None:
            return
        if view.name == "sources":
            self.open_source(node.key[0], event.row.source_id)
        elif view.name == "tables":
            self.open_table(*node.who, event.row.name)
            self._tree.focus()
        else:
            self.app.push_screen(Reader(view.name.removesuffix("s").title(), story_of(event.row)))

    @on(ViewNames.Chosen)
    def _chosen_view(self, event: ViewNames.Chosen) -> None:
        self._step_view(event.number, from_here=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("view", "export"):
            return self.is_mounted and self._view is not None
        if action in ("compare", "query"):
            return self.is_mounted and self._tree.row is not None
        return True

    def action_expand(self) -> None:
        node = self._tree.row
        if node is None or not self._tree.has_focus:
            return
        if node.is_leaf:
            self._rows.focus()
        elif node.opened:
            self._tree.action_move(1)
        else:
            self._set_open(node, True)

    def action_collapse(self) -> None:
        node = self._tree.row
        if not self._tree.has_focus:
            self._tree.focus()
        elif node is not None and node.opened:
            self._set_open(node, False)
        elif node is not None:
            self._tree.select(node.key[:-1])

    def action_back(self) -> None:
        """To the tree; there, take the mark away."""
        if self._tree.has_focus:
            self._mark(None)
        self._tree.focus()

    def action_view(self, by: int = 1) -> None:
        self._step_view(by)

    def _step_view(self, number: int, *, from_here: bool = True) -> None:
        if self._detail and (view := self._view):
            views = self._detail.views
            at = views.index(view) + number if from_here else number
            self._view_name = views[at % len(views)].name
            self._show()

    def action_refresh(self) -> None:
        self._stamp = None
        self._look()

    @work(exclusive=True, group="act")
    async def action_search(self) -> None:
        dialog = Search(self.bridge, self._mirror, self._searched)
        hit = await self.app.push_screen_wait(dialog)
        self._searched = dialog.text
        if hit is not None:
            self.open_table(hit.workflow_id, hit.source_id, hit.table, hit.column)

    def action_compare(self) -> None:
        # Reads the cursor at once: a worker would begin only after the keys that follow.
        node = self._tree.row
        side = _side(node) if node is not None else None
        if node is None or side is None:
            self.notify("Compare takes two sources, or two tables.")
        elif self._marked is None:
            self._mark(node)
            self.notify(f"Marked {side.name}. Go to another and press c again.")
        elif self._marked == side:
            self._mark(None)
            self.notify("No longer marked.")
        elif (self._marked.table is None) != (side.table is None):
            self.notify("A source compares with a source, a table with a table. Marked this one now.")
            self._mark(node)
        else:
            self._compare(self._marked, side)
            self._mark(None)

    def _mark(self, node: Node | None) -> None:
        self._marked = _side(node) if node is not None else None
        self._tree.marked = node.key if node is not None else None
        self._tree.refresh()

    @work(exclusive=True, group="act")
    async def _compare(self, a: Side, b: Side) -> None:
        found: Comparison = await self.bridge.mirror(compare, self._mirror, a, b)
        self.app.clear_notifications()
        await self.app.push_screen(CompareScreen(self, found))

    async def action_query(self) -> None:
        from nuvyn_tui.screens.query import QueryScreen

        node = self._tree.row
        assert node is not None, "the key is off without a node"
        part = {"table": node.full} if node.is_leaf else {"prefix": node.full}
        sql = question_about(*node.key[:2], **part)
        await self.house.open("query", lambda screen: cast(QueryScreen, screen).ask(sql))

    @work(exclusive=True, group="act")
    async def action_export(self) -> None:
        from nuvyn_tui.screens.writing import write_rows

        if view := self._view:
            await write_rows(self, view.rows, view.name)


def _side(node: Node) -> Side | None:
    if node.table is not None:
        return Side(*node.who, node.full)
    return Side(*node.who) if node.source is not None else None
