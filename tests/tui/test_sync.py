"""Mode 6: compare, send live, cancel, verify, prune, and every way it may not work."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from core.house import House
from core.mirror.mirror import Mirror
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.sync import SyncScreen
from nuvyn_tui.widgets.bars import ModeBar
from nuvyn_tui.widgets.grid import Grid
from tests.databricks.conftest import local_rows, remote_rows
from tests.mirror.catalogs import commit_catalog
from tests.servers.warehouse import HTTP_PATH, TOKEN, Warehouse
from tests.tui.conftest import until
from tests.tui.script import ODD_NAMES


@pytest.fixture
def configured(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, bare_environment: None) -> Warehouse:
    """A warehouse that the environment names."""
    for name, value in warehouse.environ().items():
        monkeypatch.setenv(name, value)
    return warehouse


@pytest.fixture
def filled(house: House) -> House:
    for source in ("a", "b"):
        commit_catalog(house.mirror, house.settings.runs, "w", source, {"t": ["x", "y"], "u": ["z"]})
    return house


def sources(app: NuvynApp) -> Grid:
    return app.screen.query_one("#sources", Grid)


def states(app: NuvynApp) -> list[str]:
    return [line.state for line in sources(app).rows] if isinstance(app.screen, SyncScreen) else []


def text(app: NuvynApp, name: str = "#now") -> str:
    return str(app.screen.query_one(name, Static).content)


async def compared(pilot: Pilot[Any]) -> None:
    """Open the mode and let it compare: two sources are new."""
    await pilot.press("6")
    await until(pilot, lambda: states(pilot.app) == ["new", "new"] and idle(pilot.app))


def idle(app: NuvynApp) -> bool:
    return isinstance(app.screen, SyncScreen) and not app.screen.busy


async def test_without_a_warehouse_it_says_what_to_set_and_reads_a_mended_file(
    filled: House, warehouse: Warehouse
) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: "DATABRICKS_SERVER_HOSTNAME" in text(app))
        assert "DATABRICKS_ACCESS_TOKEN not set" in text(app) and str(filled.settings.config_file) in text(app)
        assert "press r" in sources(app).empty
        assert app.screen.check_action("send", ()) is False
        filled.settings.config_file.write_text(
            f'[databricks]\nserver_hostname = "{warehouse.address}"\n'
            f'http_path = "{HTTP_PATH}"\naccess_token = "{TOKEN}"\n'
        )
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["new", "new"])
        assert "operator@example.com (access token)" in text(app, "#target")
        assert TOKEN not in text(app, "#target")


async def test_nothing_is_sent_before_it_is_asked_for_and_then_it_is_equal(
    filled: House, configured: Warehouse
) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        assert "2 new" in text(app) and not configured.sent("CREATE|INSERT|UPDATE|DELETE")
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        assert "2 sources sent and verified" in text(app)
        assert local_rows(filled.mirror) == remote_rows(configured)
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["equal", "equal"] and idle(app))
        assert "nothing is to be sent" in text(app)
        configured.engine.sql("UPDATE hive_metastore._executor_metadata.tables SET row_count = 1 WHERE source_id = 'b'")
        await pilot.press("v")
        await until(pilot, lambda: states(app) == ["equal", "sent"] and idle(app))
        assert local_rows(filled.mirror) == remote_rows(configured)


async def test_a_slow_statement_shows_live_and_is_cancelled_at_the_warehouse(
    filled: House, configured: Warehouse
) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        configured.fail("slow", "INSERT INTO .*`columns`", seconds=60)
        await pilot.press("s")
        await until(pilot, lambda: "sending columns of a, b" in text(app))
        assert states(app) == ["sending", "sending"] and "4 of 14 rows" in text(app)
        # Another mode, and back: it goes on.
        await pilot.press("1", "6")
        assert not idle(app)
        await pilot.press("x")
        await until(pilot, lambda: idle(app), within_s=5)
        assert "cancelled: 0 sources sent by then" in text(app)
        await until(pilot, lambda: bool(configured.cancels))
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        assert local_rows(filled.mirror) == remote_rows(configured)


async def test_what_is_tried_again_is_told_in_the_log(filled: House, configured: Warehouse) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        assert not app.screen.query_one("#log").display
        configured.fail("conflict", "INSERT INTO .*`files`", times=2)
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        notes = app.screen.query_one("#log", Grid).rows
        assert len(notes) == 2 and "another writer was first" in notes[0][1]


async def test_a_refusal_shows_its_hint_and_the_mode_goes_on(filled: House, configured: Warehouse) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        configured.engine.denied = {"CREATE SCHEMA"}
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Reader))
        assert "CREATE TABLE, SELECT and MODIFY" in str(app.screen._text)
        await pilot.press("escape")
        assert "failed: no permission" in text(app)
        configured.engine.denied = set()
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        assert not list(filled.settings.logs.glob("crash-*"))


async def test_what_is_gone_is_deleted_only_after_a_question(
    filled: House, configured: Warehouse, tmp_path: Path
) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        assert app.screen.check_action("prune", ()) is False
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        Mirror(filled.settings.mirror).forget("w", "b")
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["equal", "gone"] and idle(app))
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        assert not configured.sent("DELETE")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: states(app) == ["equal"] and idle(app))
        assert local_rows(filled.mirror) == remote_rows(configured)


async def test_odd_names_show_as_they_are_and_are_found(house: House, configured: Warehouse) -> None:
    for name in ODD_NAMES:
        commit_catalog(house.mirror, house.settings.runs, name, name, {"t": ["x"]})
    app = NuvynApp(house)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: len(states(app)) == len(ODD_NAMES) and idle(app))
        shown = "\n".join(sources(app).render_line(y).text for y in range(30))
        assert "a[/foo]b/a[/foo]b" in shown
        await pilot.press("slash", *"[/foo]")
        await until(pilot, lambda: len(states(app)) == 1)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, Reader))
        await pilot.press("escape", "w")
        await until(pilot, lambda: idle(app) and [line.workflow_id for line in sources(app).rows] == ["a[/foo]b"])


async def test_leaving_the_app_during_a_sync_takes_it_back(filled: House, configured: Warehouse) -> None:
    app = NuvynApp(filled)
    configured.fail("slow", "INSERT", seconds=60)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        await pilot.press("s")
        await until(pilot, lambda: bool(configured.sent("INSERT")))
        await pilot.press("ctrl+q")
    assert configured.cancels


async def test_leaving_the_app_from_another_mode_takes_it_back_too(filled: House, configured: Warehouse) -> None:
    app = NuvynApp(filled)
    configured.fail("slow", "INSERT", seconds=60)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        await pilot.press("s")
        await until(pilot, lambda: bool(configured.sent("INSERT")))
        await pilot.press("1", "ctrl+q")
    assert configured.cancels
    assert not list(filled.settings.logs.glob("crash-*"))


async def test_comparing_and_sending_do_not_run_at_once(
    filled: House, configured: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """s just after r, while r still reads the settings."""
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await compared(pilot)
        go = threading.Event()
        monkeypatch.setattr("nuvyn_tui.screens.sync.load_settings", lambda **_: go.wait(10) and filled.settings)
        configured.slow_s = 0.1
        before = configured.counts["sessions"]
        await pilot.press("r", "s")
        await until(pilot, lambda: not idle(app))
        go.set()
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        assert configured.counts["sessions"] == before + 1


async def test_one_workflow_can_be_compared_and_sent_and_then_all(filled: House, configured: Warehouse) -> None:
    commit_catalog(filled.mirror, filled.settings.runs, "other", "c", {"t": ["x"]})
    app = NuvynApp(filled)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: states(app) == ["new"] * 3 and idle(app))
        await pilot.press("w")
        assert states(app) == ["new"] and "only other" in text(app, "#target") and "1 new" in text(app)
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent"] and idle(app))
        await pilot.press("w")
        await until(pilot, lambda: states(app) == ["sent", "new", "new"])
        assert [line.workflow_id for line in sources(app).rows] == ["other", "w", "w"]
        assert "only" not in text(app, "#target")
        # What is narrowed to may be forgotten meanwhile; then only the warehouse has it, and w leads out.
        await pilot.press("w")
        Mirror(filled.settings.mirror).forget("other")
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["gone"] and idle(app))
        await pilot.press("w", "r")
        await until(pilot, lambda: states(app) == ["new", "new"] and idle(app))


async def test_the_end_says_what_was_verified_and_what_was_sent_just_now(filled: House, configured: Warehouse) -> None:
    app = NuvynApp(filled)
    async with app.run_test(size=(110, 24)) as pilot:
        await compared(pilot)
        await pilot.press("s")
        await until(pilot, lambda: states(app) == ["sent", "sent"] and idle(app))
        assert "just now" in sources(app).render_line(1).text
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["equal", "equal"] and idle(app))
        await pilot.press("v")
        await until(pilot, lambda: "done" in text(app))
        assert "done: 2 sources summed up on both sides and equal" in text(app)


async def test_a_cancelled_comparison_says_that_nothing_was_sent(filled: House, configured: Warehouse) -> None:
    app = NuvynApp(filled)
    configured.fail("slow", "current_user", seconds=60)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: bool(configured.sent("current_user")))
        await pilot.press("x")
        await until(pilot, lambda: "cancelled: nothing was sent" in text(app), within_s=5)
        await pilot.press("r")
        await until(pilot, lambda: states(app) == ["new", "new"] and idle(app))


async def test_a_narrow_bar_holds_all_modes_and_the_status(app: NuvynApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        app.doing = "syncing"
        app.tend()
        bar = app.screen.query_one(ModeBar)
        await until(pilot, lambda: "syncing" in bar.render_line(0).text)
        shown = bar.render_line(0).text
        assert " ".join(shown.split()) == "1 Jobs 2 Build 3 Run 4 Explore 5 Query 6 Sync syncing" and len(shown) == 60


async def test_an_empty_mirror_says_what_to_do(house: House, configured: Warehouse) -> None:
    app: Any = NuvynApp(house)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: idle(app) and "Press 1" in sources(app).empty)
