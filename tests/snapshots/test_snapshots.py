"""How the screens look: few pictures of what does not move.

`./dev test tests/snapshots --snapshot-update` takes them anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from core.databricks.plan import Plan, SourcePlan, State
from core.databricks.target import AuthKind, Target
from core.house import House
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.sync_lines import plan_in_words
from tests.mirror.catalogs import commit_catalog

PAYLOAD = {
    "workflow_id": "retail",
    "sources": [
        {"source_id": "sales", "data_source_path": "s3://lake/sales", "data_source_type": "aws_s3"},
        {"source_id": "stock", "data_source_type": "azure_blob", "options": {"retries": "many"}},
    ],
}
Step = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture
def house(tmp_path: Path, bare_environment: None) -> Iterator[House]:
    with House(load_settings(home=str(tmp_path), environ={"NUVYN_THEME": "textual-dark"})) as found:
        yield found


@pytest.fixture
def catalog(house: House) -> House:
    """Two sources that have something in common."""
    for source, more in (("sales", "discount"), ("stock", "shelf")):
        tables = {"2024/orders": ["id", "day", more], "items": ["id", "name"], source: ["x"]}
        commit_catalog(house.mirror, house.settings.runs, "retail", source, tables)
    return house


def pressing(*keys: str) -> Step:
    """Press keys, each once the app has settled."""

    async def step(pilot: Pilot[Any]) -> None:
        await pilot.pause(0.3)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.3)

    return step


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=str)
def test_jobs_when_there_is_none(house: House, snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(NuvynApp(house), terminal_size=size, run_before=pressing())


def test_help(house: House, snap_compare: Any) -> None:
    assert snap_compare(NuvynApp(house), terminal_size=(80, 24), run_before=pressing("question_mark"))


def test_an_error(house: House, snap_compare: Any) -> None:
    async def fail(pilot: Pilot[Any]) -> None:
        pilot.app.show_error("the mirror cannot be opened: [/red]", "move it away and run again")
        await pilot.pause()

    assert snap_compare(NuvynApp(house), terminal_size=(80, 24), run_before=fail)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
def test_build_with_a_problem(house: House, snap_compare: Any, size: tuple[int, int]) -> None:
    async def load(pilot: Pilot[Any]) -> None:
        await pilot.press("2")
        pilot.app.screen.load(PAYLOAD, "the test")
        await pressing("down")(pilot)

    assert snap_compare(NuvynApp(house), terminal_size=size, run_before=load)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
def test_explore_a_table(catalog: House, snap_compare: Any, size: tuple[int, int]) -> None:
    steps = pressing("4", "down", "right", "down", "right", "down")
    assert snap_compare(NuvynApp(catalog), terminal_size=size, run_before=steps)


def test_compare_two_sources(catalog: House, snap_compare: Any) -> None:
    steps = pressing("4", "down", "c", "down", "c")

    async def compare(pilot: Pilot[Any]) -> None:
        await steps(pilot)
        pilot.app.clear_notifications()
        await pilot.pause()

    assert snap_compare(NuvynApp(catalog), terminal_size=(120, 40), run_before=compare)


def test_query_when_nothing_was_asked(catalog: House, snap_compare: Any) -> None:
    assert snap_compare(NuvynApp(catalog), terminal_size=(80, 24), run_before=pressing("5"))


def test_sixteen_colours(catalog: House, snap_compare: Any) -> None:
    async def dull(pilot: Pilot[Any]) -> None:
        pilot.app.theme = "ansi-dark"
        await pressing("4", "down")(pilot)

    assert snap_compare(NuvynApp(catalog), terminal_size=(80, 24), run_before=dull)


@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=str)
def test_sync_when_no_warehouse_is_named(house: House, snap_compare: Any, size: tuple[int, int]) -> None:
    # The message names the file, whose own path is another in every run.
    house.settings = replace(house.settings, config_file=Path("/home/ann/.nuvyn/config.toml"))
    assert snap_compare(NuvynApp(house), terminal_size=size, run_before=pressing("6"))


def test_the_plan_of_a_sync(catalog: House, snap_compare: Any) -> None:
    """Its lines, as a comparison leaves them; the warehouse is told by hand."""

    async def plan(pilot: Pilot[Any]) -> None:
        await pressing("6")(pilot)
        screen = pilot.app.screen
        screen._target = Target(
            scheme="https",
            host="adb-1.2.azuredatabricks.net",
            port=443,
            http_path="/sql/1.0/warehouses/w",
            catalog="main",
            schema="meta",
            auth=AuthKind.PAT,
        )
        screen._identity = "ann@example.com"
        rows = {"tables": 12, "columns": 340, "files": 1_200}
        states = (("sales", State.CHANGED), ("stock", State.EQUAL), ("returns", State.NEW), ("old", State.GONE))
        screen._plan = Plan(
            tuple(
                SourcePlan("retail", name, state, {} if state is State.GONE else rows, datetime(2026, 1, 2, 3, 4))
                for name, state in states
            ),
            made=True,
        )
        screen._outcome = plan_in_words(screen._plan)
        screen._draw()
        await pilot.pause(0.3)

    assert snap_compare(NuvynApp(catalog), terminal_size=(120, 40), run_before=plan)
