"""Mode 2: a payload is written, mended and run."""

from __future__ import annotations

import json
from pathlib import Path

from textual.widgets import Input

from core.house import House
from core.jobs.model import JobState
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.build import BuildScreen
from nuvyn_tui.screens.run import RunScreen
from nuvyn_tui.widgets.code_area import CodeArea
from nuvyn_tui.widgets.grid import Grid
from tests.tui.conftest import until
from tests.tui.script import ODD_NAMES

SAS = "https://acc.blob.core.windows.net/c?sv=2024&sig=canary7f3a9b1c"


def screen(app: NuvynApp) -> BuildScreen:
    assert isinstance(app.screen, BuildScreen)
    return app.screen


def field(app: NuvynApp, name: str) -> Input:
    return app.screen.query_one(f"#field-{name}", Input)


async def test_a_payload_is_built_by_keyboard_and_run(app: NuvynApp, house: House, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "a.csv").write_text("x\n1\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "n")
        await until(pilot, lambda: app.focused is field(app, "data_source_path"))
        field(app, "data_source_path").value = str(lake)
        await pilot.press("ctrl+r")
        # It has no name yet: running goes to that problem instead.
        await until(pilot, lambda: app.focused is app.screen.query_one("#workflow"))
        await pilot.press(*"mine", "ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await until(pilot, lambda: bool(house.store.overview()) and house.store.overview()[0].state.ended)
    [job] = house.store.overview()
    assert (job.state, job.workflow_id, job.tables) == (JobState.COMPLETED, "mine", 1)


async def test_enter_on_a_problem_goes_to_its_field(app: NuvynApp) -> None:
    sources = [{"source_id": "a", "data_source_path": "/a"}, {"source_id": "b", "data_source_path": "/b"}]
    sources[1]["options"] = {"max_files": "many"}
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "w", "sources": sources}, "the test")
        await pilot.pause()
        drawn = app.screen.query_one("#sources", Grid)
        assert [drawn.render_line(y).text.split()[1] for y in (0, 1)] == ["ok", "1"]
        await pilot.press("f8", "enter")
        await until(pilot, lambda: app.focused is field(app, "max_files"))
        await pilot.press("end", *["backspace"] * 4, "9")
        await until(pilot, lambda: not app.screen.query_one("#problems", Grid).rows)
        assert screen(app)._draft.sources[1]["options"] == {"max_files": 9}


async def test_json_edits_both_ways_and_loses_nothing_while_it_is_wrong(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "w", "sources": [{"source_id": "a", "data_source_path": "/a"}]}, "the test")
        await pilot.press("f4")
        area = app.screen.query_one("#json", CodeArea)
        assert json.loads(area.text)["sources"][0]["source_id"] == "a"
        area.text = area.text.replace('"a"', '"renamed')
        await until(pilot, lambda: any("not JSON" in p.message for p in app.screen.query_one("#problems", Grid).rows))
        await pilot.press("f4")
        assert area.display and "renamed" in area.text
        area.text = area.text.replace('"renamed', '"renamed"')
        await pilot.pause()
        await pilot.press("f4")
        await until(pilot, lambda: not area.display)
        assert [line.source_id for line in app.screen.query_one("#sources", Grid).rows] == ["renamed"]
        await pilot.press("u")
        assert [line.source_id for line in app.screen.query_one("#sources", Grid).rows] == ["a"]


async def test_the_draft_is_there_again_without_its_secret(app: NuvynApp, house: House) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "kept", "sources": [{"source_id": "a", "data_source_path": SAS}]}, "the test")
        path = house.settings.home / "drafts" / "current.json"
        await until(pilot, lambda: path.exists() and "kept" in path.read_text())
        shown = [app.screen.query_one("#sources", Grid).render_line(0).text, field(app, "data_source_path").value]
        assert "canary" not in path.read_text() and "canary" not in " ".join(shown)
        assert screen(app)._draft.sources[0]["data_source_path"] == SAS
    again = NuvynApp(house)
    async with again.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: again.screen.query_one("#workflow", Input).value == "kept")


async def test_a_source_is_tried_before_the_run(app: NuvynApp, tmp_path: Path) -> None:
    (tmp_path / "a[").mkdir()
    (tmp_path / "a[" / "foo]b.csv").write_text("x\n")
    sources = [{"source_id": "a", "data_source_path": str(tmp_path)}, {"source_id": "b", "data_source_path": "/gone/x"}]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "w", "sources": sources}, "the test")
        await pilot.pause()
        for expected in ("a[/foo]b.csv", "does not exist"):
            app.screen.query_one("#sources", Grid).focus()
            await pilot.press("t")
            await until(pilot, lambda e=expected: e in str(getattr(outcome(app), "content", "")))
            await pilot.press("escape")
            await pilot.press("down")


def outcome(app: NuvynApp) -> object:
    return next(iter(app.screen.query("#outcome")), None)


async def test_odd_names_show_as_they_are(app: NuvynApp) -> None:
    sources = [{"source_id": name, "data_source_path": f"/data/{name}", "connection": name} for name in ODD_NAMES]
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "a[/foo]b", "sources": sources, "x[red]y": 1}, "file a[/foo]b")
        await pilot.pause()
        grids = [app.screen.query_one(f"#{name}", Grid) for name in ("sources", "problems")]
        drawn = "\n".join(grid.render_line(y).text for grid in grids for y in range(8))
        for name in ("a[/foo]b", "x[red]y", "smile \U0001f600", "n" * 20, "\\x07esc"):
            assert name in drawn
        for _ in sources:
            await pilot.press("down")
            await pilot.pause()
        await pilot.press("f4")
        await pilot.pause()
        assert app.is_running and isinstance(app.screen, BuildScreen)
