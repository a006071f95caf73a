"""Mode 2: a payload is written, mended and run."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static
from textual_fspicker.parts import CurrentDirectory

from core.house import House
from core.jobs.model import JobState
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.build import BuildScreen
from nuvyn_tui.screens.build_budget import BudgetDialog
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
        # A payload that is begun has a name; without one, running goes to that problem instead.
        app.screen.query_one("#workflow", Input).value = ""
        await pilot.press("ctrl+r")
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


async def test_what_a_run_would_cost_is_told_before_it_and_nothing_is_read(
    app: NuvynApp, house: House, tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    for at in range(3):
        (tmp_path / "lake" / f"a[{at}].csv").write_text("x\n1\n")
    sources = [
        {"source_id": "a[/]", "data_source_path": str(tmp_path / "lake")},
        {"source_id": "b", "data_source_path": "/gone/x"},
    ]
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "", "sources": sources}, "the test")
        await pilot.press("e")
        await until(pilot, lambda: app.focused is app.screen.query_one("#workflow"))
        await pilot.press(*"w", "escape", "e")
        await until(pilot, lambda: isinstance(app.screen, BudgetDialog))
        await until(pilot, lambda: "3 to read" in shown(app, "#sum"))
        assert "0 LIST" not in shown(app, "#sum")
        assert "1 source could not be listed" in shown(app, "#sum")
        assert "a[/]" in shown(app, "#sources") and "does not exist" in shown(app, "#sources")
        assert not house.store.overview()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await until(pilot, lambda: bool(house.store.overview()) and house.store.overview()[0].state.ended)


async def test_listing_for_the_cost_is_stopped_by_escape(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            await _stop_listing(app, pilot, f"http://127.0.0.1:{silent.getsockname()[1]}/a.csv")


async def _stop_listing(app: NuvynApp, pilot: Pilot[Any], url: str) -> None:
    await pilot.press("2")
    sources = [{"source_id": "a", "data_source_path": url}]
    screen(app).load({"workflow_id": "w", "sources": sources}, "the test")
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.screen, BudgetDialog))
    dialog = app.screen
    await until(pilot, lambda: "0 objects, 1 of 1 source to go; esc stops it" in shown(app, "#sum"))
    await until(pilot, lambda: dialog._attempt is not None and dialog._attempt._running is not None)
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(app.screen, BuildScreen))
    await until(pilot, lambda: dialog._attempt._running is None)


async def test_a_secret_shows_only_while_it_is_written_and_a_change_keeps_it(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "w", "sources": [{"source_id": "a", "data_source_path": SAS}]}, "the test")
        await pilot.pause()
        assert "carries a secret" in app.screen.query_one("#problems", Grid).rows[0].message
        path = field(app, "data_source_path")
        path.focus()
        path.value = path.value.replace("/c?", "/c/part?")
        await until(pilot, lambda: "/c/part" in screen(app)._draft.sources[0]["data_source_path"])
        assert screen(app)._draft.sources[0]["data_source_path"] == SAS.replace("/c?", "/c/part?")
        path.value = SAS.replace("canary7f3a9b1c", "canary-another")
        await until(pilot, lambda: "another" in screen(app)._draft.sources[0]["data_source_path"])
        await pilot.press("escape")
        await until(pilot, lambda: "canary" not in path.value)
        assert "canary-another" in screen(app)._draft.sources[0]["data_source_path"]


async def test_the_draft_is_kept_when_the_app_is_left_at_once(app: NuvynApp, house: House) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "just loaded"}, "the test")
    assert "just loaded" in (house.settings.home / "drafts" / "current.json").read_text()


async def test_loading_is_taken_back_and_so_is_where_it_came_from(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        screen(app).load({"workflow_id": "first"}, "one")
        screen(app).load({"workflow_id": "second"}, "a[/foo]b")
        origin = app.screen.query_one("#draft", Static)
        assert str(origin.content) == "from a[/foo]b"
        await pilot.press("u")
        assert screen(app)._draft.workflow_id == "first" and not str(origin.content)


async def test_a_draft_that_cannot_be_kept_is_told_once(app: NuvynApp, house: House) -> None:
    (house.settings.home / "drafts").write_text("a file is in its place")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        for name in ("one", "two"):
            screen(app).load({"workflow_id": name}, "the test")
            await app.workers.wait_for_complete()
        assert len([n for n in app._notifications if "not kept" in n.message]) == 1


async def test_a_run_asked_for_twice_is_one_job(app: NuvynApp, house: House, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        source = {"source_id": "a", "data_source_path": str(tmp_path / "a.csv")}
        screen(app).load({"workflow_id": "w", "sources": [source]}, "the test")
        screen(app).action_run()
        screen(app).action_run()
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await until(pilot, lambda: house.store.overview()[0].state.ended)
    assert len(house.store.overview()) == 1


async def test_enter_on_a_problem_goes_to_its_place_in_the_json(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        raw = {"workflow_id": "w", "options": {"retries": "x"}, "sources": [{"source_id": "a"}]}
        screen(app).load(raw, "the test")
        # No form has an option of the job.
        await pilot.press("f8", "enter")
        area = app.screen.query_one("#json", CodeArea)
        await until(pilot, lambda: app.focused is area)
        assert '"retries"' in area.document.get_line(area.cursor_location[0])
        area.text = '{"workflow_id": "w",\n "sources": oops}'
        await until(pilot, lambda: "not JSON" in app.screen.query_one("#problems", Grid).rows[0].message)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: area.cursor_location == (1, 12))


async def test_files_are_picked_whatever_their_names(
    app: NuvynApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a["
    (folder / "foo]b").mkdir(parents=True)
    for name in (*ODD_NAMES[1:3], "esc\x1b[31m", "n" * 200):
        (folder / "foo]b" / f"{name}.json").write_text('{"workflow_id": "picked"}')
    monkeypatch.chdir(folder / "foo]b")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "o")
        await until(pilot, lambda: bool(app.screen.query(OptionList)))
        files = app.screen.query_one(OptionList)
        await until(pilot, lambda: files.option_count == 5)
        drawn = "\n".join(files.render_line(y).text for y in range(files.size.height))
        assert "x[red]y.json" in drawn and "esc\ufffd[31m" in drawn and "\x1b" not in drawn
        assert "a[/foo]b" in app.screen.query_one(CurrentDirectory).render_line(0).text
        await pilot.press("down", "enter")
        name = app.screen.query_one(Input)
        await until(pilot, lambda: "esc" in name.value)
        assert "\x1b" not in name.render_line(0).text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, BuildScreen) and screen(app)._draft.workflow_id == "picked")


async def test_a_large_payload_is_checked_once_typing_rests(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        sources = [{"source_id": f"s{n}", "data_source_path": "/a"} for n in range(300)]
        screen(app).load({"workflow_id": "w", "sources": sources}, "the test")
        await pilot.pause()
        field(app, "source_id").focus()
        await pilot.press("end", "backspace", "1")
        # The change is in the draft at once; that two ids are the same now is told a moment later.
        await until(pilot, lambda: screen(app)._draft.sources[0]["source_id"] == "s1")
        await until(pilot, lambda: any("duplicate" in p.message for p in app.screen.query_one("#problems", Grid).rows))
        await pilot.press("escape", "f4")
        area = app.screen.query_one("#json", CodeArea)
        area.text = area.text.replace('"workflow_id": "w"', '"workflow_id": "typed"')
        await pilot.press("f4")
        assert screen(app)._draft.workflow_id == "typed"


def shown(app: NuvynApp, where: str) -> str:
    return str(getattr(next(iter(app.screen.query(where)), None), "content", ""))


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
