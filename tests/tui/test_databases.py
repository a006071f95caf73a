"""A database from its form to its columns: tried, run, and browsed by schema."""

from __future__ import annotations

from pathlib import Path

import duckdb
from textual.widgets import Static

from core.house import House
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.build import BuildScreen
from nuvyn_tui.screens.build_probe import ProbeDialog
from nuvyn_tui.screens.explore import ExploreScreen
from nuvyn_tui.screens.run import RunScreen
from nuvyn_tui.widgets.form import SourceForm
from nuvyn_tui.widgets.grid import Grid
from tests.tui.conftest import until

SHOP = """
CREATE SCHEMA sales;
CREATE TABLE sales."orders.2026" (id INTEGER PRIMARY KEY, total DECIMAL(10,2) NOT NULL);
COMMENT ON TABLE sales."orders.2026" IS 'one row an order';
COMMENT ON COLUMN sales."orders.2026".total IS 'net, in EUR';
INSERT INTO sales."orders.2026" VALUES (1, 2.5), (2, 3);
CREATE VIEW sales.totals AS SELECT total FROM sales."orders.2026";
"""


async def test_a_database_from_its_form_to_its_columns(app: NuvynApp, house: House, tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute(SHOP)
    sources = [{"source_id": "shop", "data_source_path": f"duckdb:///{path}"}]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        assert isinstance(app.screen, BuildScreen)
        app.screen.load({"workflow_id": "w", "sources": sources}, "the test")
        await pilot.pause()
        shown = [label for label in app.screen.query_one(SourceForm).query(Static) if label.region.area]
        labels = {str(label.content) for label in shown}
        assert "file" in labels and not labels & {"connection", "max files", "requests"}, "the form of a DuckDB file"
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, ProbeDialog))
        await until(pilot, lambda: "sales.totals" in str(app.screen.query_one("#outcome", Static).content))
        await pilot.press("escape", "ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await until(pilot, lambda: bool(house.store.overview()) and house.store.overview()[0].state.ended)
        await pilot.press("4")
        assert isinstance(app.screen, ExploreScreen)
        app.screen.open_table("w", "shop", "sales.orders.2026")
        tree, detail = app.screen.query_one("#tree", Grid), app.screen.query_one("#rows", Grid)
        await until(pilot, lambda: getattr(tree.row, "label", "") == "orders.2026")
        assert [node.label for node in tree.rows] == ["w", "shop", "sales", "orders.2026", "totals"]
        await until(pilot, lambda: "total" in [getattr(row, "name", "") for row in detail.rows])
        drawn = [detail.render_line(y).text for y in range(3)]
        assert "comment" in drawn[0] and "key" in drawn[1] and "net, in EUR" in drawn[2]
        head = str(app.screen.query_one("#head", Static).content)
        assert "a table of the database" in head and "one row an order" in head and "file count" not in head
        await pilot.press("up")
        await until(pilot, lambda: "2 tables in this schema" in str(app.screen.query_one("#head", Static).content))
