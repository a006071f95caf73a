"""Mode 4: the catalog is walked, searched, compared and exported."""

from __future__ import annotations

import csv
from pathlib import Path

from textual.widgets import Input, Static

from core.house import House
from core.mirror.compare import Side, compare
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.compare import CompareScreen
from nuvyn_tui.screens.dialogs import Prompt, Reader
from nuvyn_tui.screens.explore import ExploreScreen
from nuvyn_tui.screens.query import QueryScreen
from nuvyn_tui.screens.search import Search
from nuvyn_tui.widgets.code_area import CodeArea
from nuvyn_tui.widgets.grid import Grid
from tests.mirror.catalogs import commit_catalog
from tests.tui.conftest import until
from tests.tui.script import ODD_NAMES


def tree(app: NuvynApp) -> Grid:
    return app.screen.query_one("#tree", Grid)


def detail(app: NuvynApp) -> Grid:
    return app.screen.query_one("#rows", Grid)


def labels(app: NuvynApp) -> list[str]:
    return [node.label for node in tree(app).rows]


async def test_without_a_mirror_it_says_what_to_do(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "Press 1 and then d" in tree(app).empty)


async def test_the_tree_opens_to_a_table_and_its_columns_files_and_rule_show(demo_app: NuvynApp) -> None:
    app = demo_app
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: labels(app) == ["demo", "finance", "shop", "web"])
        assert isinstance(app.screen, ExploreScreen)
        app.screen.open_table("demo", "shop", "orders")
        await until(pilot, lambda: getattr(tree(app).row, "label", "") == "orders")
        await until(pilot, lambda: "order_id" in [getattr(row, "name", "") for row in detail(app).rows])
        head = str(app.screen.query_one("#head", Static).content)
        assert "one table because" in head and "from the files' footers" in head and "partitioned by year" in head
        await pilot.press("v")
        await until(pilot, lambda: any(getattr(row, "status", "") == "read" for row in detail(app).rows))
        await pilot.press("left", "left")
        await until(pilot, lambda: labels(app) == ["demo", "finance", "shop", "web"])


async def test_a_source_shows_that_its_accounting_holds(demo_app: NuvynApp) -> None:
    app = demo_app
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        assert isinstance(app.screen, ExploreScreen)
        app.screen.open_source("demo", "shop")
        await until(pilot, lambda: "11 listed = 9 read" in str(app.screen.query_one("#head", Static).content))


async def test_search_as_you_type_goes_to_the_column(demo_app: NuvynApp) -> None:
    app = demo_app
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: bool(labels(app)))
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen, Search))
        await pilot.press(*"CUSTOMER_ID")
        hits = app.screen.query_one("#hits", Grid)
        await until(pilot, lambda: [(hit.table, hit.column) for hit in hits.rows][:1] == [("customers", "customer_id")])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen) and tree(app).row.label == "customers")
        await until(pilot, lambda: getattr(detail(app).row, "name", "") == "customer_id" and detail(app).has_focus)


async def test_two_sources_are_compared_and_the_comparison_exported(demo_app: NuvynApp, tmp_path: Path) -> None:
    app = demo_app
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: len(labels(app)) == 4)
        await pilot.press("down", "c", "down", "c")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        differences = app.screen.query_one("#differences", Grid)
        assert {line.kind for line in differences.rows} == {"only in A", "only in B"}
        await pilot.press("f")
        assert {line.kind for line in differences.rows} == {"only in A"}
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, Prompt))
        app.screen.query_one(Input).value = str(tmp_path / "found.csv")
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "found.csv").exists())
        with (tmp_path / "found.csv").open() as file:
            assert {row["kind"] for row in csv.DictReader(file)} == {"only in A"}
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ExploreScreen))


async def test_the_mark_is_where_the_cursor_was_and_shows_in_the_tree(demo_app: NuvynApp) -> None:
    app = demo_app
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: len(labels(app)) == 4)
        await pilot.press("down", "c", "j")
        assert "marked" in tree(app).render_line(1).text and "marked" not in tree(app).render_line(2).text
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        head = str(app.screen.query_one(Static).content)
        assert "A  demo/finance\nB  demo/shop" in head


async def test_a_folder_has_its_tables_beside_it_and_its_name_is_copied_whole(app: NuvynApp, house: House) -> None:
    commit_catalog(house.mirror, house.settings.runs, "w", "s", {"a/b/x": ["k"], "a/y": ["k"], "z": ["k"]})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: len(labels(app)) == 2)
        await pilot.press("down", "right")
        await until(pilot, lambda: "a/" in labels(app))
        await pilot.press("down")
        await until(pilot, lambda: sorted(getattr(row, "name", "") for row in detail(app).rows) == ["a/b/x", "a/y"])
        await pilot.press("y")
        assert app.clipboard == "w/s/a/"
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QueryScreen))
        assert "starts_with(table_name, 'a/')" in app.screen.query_one(CodeArea).text


async def test_about_tells_what_the_head_has_no_room_for(demo_app: NuvynApp) -> None:
    app = demo_app
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: bool(labels(app)))
        assert isinstance(app.screen, ExploreScreen)
        app.screen.open_table("demo", "shop", "orders")
        await until(pilot, lambda: "order_id" in [getattr(row, "name", "") for row in detail(app).rows])
        await pilot.press("V")
        told = {fact.what: fact.value for fact in detail(app).rows}
        assert told["path"] == "orders" and told["partitioned by"] == "year, month"


async def test_q_asks_about_the_node_in_sql(demo_app: NuvynApp) -> None:
    app = demo_app
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: len(labels(app)) == 4)
        await pilot.press("down", "q")
        await until(pilot, lambda: isinstance(app.screen, QueryScreen))


async def test_a_commit_elsewhere_shows_and_what_was_open_stays_open(demo_app: NuvynApp, demo_house: House) -> None:
    app = demo_app
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: len(labels(app)) == 4)
        await pilot.press("down", "right")
        await until(pilot, lambda: "accounts" in labels(app))
        commit_catalog(demo_house.mirror, demo_house.settings.runs, "later", "new", {"t": ["c"]})
        await until(pilot, lambda: "later" in labels(app) and "accounts" in labels(app))


async def test_odd_names_show_as_they_are(app: NuvynApp, house: House) -> None:
    for name in ODD_NAMES:
        commit_catalog(house.mirror, house.settings.runs, name, name, {f"{name}/t": [name, "c"], name: [name]})
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: len(labels(app)) == len(ODD_NAMES))
        screen = app.screen
        assert isinstance(screen, ExploreScreen)
        for name in ODD_NAMES:
            screen.open_table(name, name, name, name)
            await until(pilot, lambda name=name: getattr(detail(app).row, "name", "") == name)
            shown = [grid.render_line(y).text for grid in (tree(app), detail(app)) for y in range(30)]
            part = name.replace("\t", "\\t").replace("\x07", "\\x07").replace("\x1b", "\\x1b")[:20]
            assert any(part in line for line in shown), name
            await pilot.press("enter")
            await pilot.press("escape")
        await pilot.press("slash", *"red")
        await until(pilot, lambda: isinstance(app.screen, Search) and bool(app.screen.query_one("#hits", Grid).rows))
        assert "x[red]y" in app.screen.query_one("#hits", Grid).render_line(1).text
        await pilot.press("escape")
        sides = [Side(name, name) for name in ODD_NAMES[:2]]
        found = await screen.bridge.mirror(compare, house.mirror, *sides)
        await app.push_screen(CompareScreen(screen, found))
        await pilot.pause()
        differences = app.screen.query_one("#differences", Grid)
        assert "a[/foo]b" in "".join(differences.render_line(y).text for y in range(6))
        assert "B  x[red]y/x[red]y" in str(app.screen.query_one("#compared", Static).content)


async def test_a_broken_mirror_is_told_once_with_what_to_do(app: NuvynApp, house: House) -> None:
    house.settings.mirror.write_bytes(b"garbage")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: isinstance(app.screen, Reader))
        assert "nuvyn repair" in app.screen._text.plain
        await pilot.press("escape")
        screen = app.screen
        assert isinstance(screen, ExploreScreen)
        await screen._look().wait()
        assert app.screen is screen
