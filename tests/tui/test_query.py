"""Query: SQL in, rows out; asserts on what the widgets hold and what files then contain."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.worker import WorkerCancelled

from core.house import House
from core.mirror.saved import own_queries, saved_query
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens import query as query_module
from nuvyn_tui.screens.dialogs import Prompt, Question, Reader
from nuvyn_tui.screens.query import QueryScreen
from nuvyn_tui.screens.query_pick import Pick
from nuvyn_tui.widgets.completion import SqlEditor, WordList
from nuvyn_tui.widgets.results import Results

ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = 7"
NAMES = ["a[/foo]b", "x[red]y", "n" * 300, "esc\x1b[31m\x07\nrow", "smile \N{GRINNING FACE} \u202e"]


async def settle(pilot: Pilot[int]) -> None:
    with suppress(WorkerCancelled):
        await pilot.app.workers.wait_for_complete()
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def opened(pilot: Pilot[int]) -> QueryScreen:
    await pilot.app.switch_mode("query")
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, QueryScreen)
    return screen


async def ask(pilot: Pilot[int], sql: str) -> Results:
    screen = pilot.app.screen
    assert isinstance(screen, QueryScreen)
    screen.query_one(SqlEditor).put(sql)
    await pilot.press("f5")
    await settle(pilot)
    return screen.query_one(Results)


def line(results: Results) -> str:
    return str(results.query_one("#told", Static).content)


def note(results: Results) -> str:
    return str(results.query_one("#note", Static).content)


def drawn(pilot: Pilot[int]) -> str:
    """All text on the screen."""
    screen = pilot.app.screen
    return "\n".join("".join(part.text for part in strip) for strip in screen._compositor.render_strips())


async def test_without_a_mirror_it_says_how_to_begin(app: NuvynApp) -> None:
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot)
        assert "Press 1 for Jobs, then d" in note(screen.query_one(Results))
        results = await ask(pilot, "SELECT 1")
        assert "there is no mirror yet" in note(results)
        assert results.table is None


async def test_typing_and_running_shows_rows(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press(*"select 1 x from tables limit 3".replace(" ", "~"))
        editor = screen.query_one(SqlEditor)
        editor.put(editor.text.replace("~", " "))
        await pilot.press("ctrl+r")
        await settle(pilot)
        results = screen.query_one(Results)
        assert results.table is not None
        assert results.table.rows.to_pylist() == [{"x": 1}] * 3
        assert line(results).startswith("3 rows, 1 column, ")


async def test_an_error_shows_its_cause_and_line_and_keeps_the_text(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        results = await ask(pilot, "SELECT 1,\nFROM tables x y")
        assert "LINE 2" in note(results) and 'near "y"' in note(results)
        assert screen.query_one(SqlEditor).text == "SELECT 1,\nFROM tables x y"
        assert "DELETE is no question" in note(await ask(pilot, "DELETE FROM tables"))
        assert (await ask(pilot, "SELECT 1")).table is not None


async def test_escape_cancels_what_runs(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.query_one(SqlEditor).put(ENDLESS)
        await pilot.press("f5")
        await pilot.pause()
        results = screen.query_one(Results)
        assert "esc cancels" in line(results)
        await pilot.press("escape")
        await settle(pilot)
        assert line(results).startswith("cancelled after")
        assert (await ask(pilot, "SELECT 1")).table is not None


async def test_a_newer_question_replaces_the_one_that_runs(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.query_one(SqlEditor).put(ENDLESS)
        await pilot.press("f5")
        await pilot.pause()
        screen.ask("SELECT 42 AS n")
        await settle(pilot)
        results = screen.query_one(Results)
        assert results.table is not None and results.table.rows.to_pylist() == [{"n": 42}]
        assert line(results).startswith("1 row, ")


async def test_other_modes_ask_a_question_here(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        await demo_app.open("query", lambda screen: screen.ask("SELECT 42 AS n"))
        await settle(pilot)
        screen = demo_app.screen
        assert screen.query_one(SqlEditor).text == "SELECT 42 AS n"
        table = screen.query_one(Results).table
        assert table is not None and table.rows.to_pylist() == [{"n": 42}]


async def test_a_long_question_does_not_keep_the_app_from_quitting(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.ask(ENDLESS)
        await pilot.pause()
        asking = screen._asking
    assert asking is not None and asking._ended.wait(10)


async def test_what_is_cut_is_told(demo_app: NuvynApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_module, "MOST_ROWS", 10)
    async with demo_app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        assert line(await ask(pilot, "FROM range(10)")).startswith("10 rows, ")
        results = await ask(pilot, "FROM range(11)")
        assert line(results).startswith("10 of more than 10 rows shown, ")
        assert results.table is not None and results.table.row_count == 10


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)])
async def test_outside_text_is_shown_as_it_is(demo_app: NuvynApp, size: tuple[int, int]) -> None:
    async with demo_app.run_test(size=size) as pilot:
        await opened(pilot)
        values = ", ".join("('" + name.replace("'", "''") + "')" for name in NAMES)
        results = await ask(pilot, f'SELECT col0 AS "a[/foo]b", [col0] AS "x[red]y" FROM (VALUES {values})')
        text = drawn(pilot)
        assert text.count("a[/foo]b") >= 2 and text.count("x[red]y") >= 2
        assert size[0] == 60 or '["a[/foo]b"]' in text
        assert "esc\\x1b[31m\\x07\\nrow" in text and "\x1b" not in text and "\u202e" not in text
        assert "n" * 20 in text and "…" in text
        results.go()
        await pilot.press("G", "home", "ctrl+home", "down", "down", "enter")
        assert isinstance(pilot.app.screen, Reader)
        assert "n" * 40 in drawn(pilot)


async def test_moving_and_copying(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await ask(pilot, "SELECT range AS a, 'x[red]' || range AS b, [range] AS c FROM range(3)")
        await pilot.press("f6", "j", "l", "y")
        await settle(pilot)
        assert demo_app.clipboard == "x[red]1"
        await pilot.press("Y")
        await settle(pilot)
        assert demo_app.clipboard == "1\tx[red]1\t[1]"
        await pilot.press("shift+right", "shift+down", "y")
        await settle(pilot)
        assert demo_app.clipboard == "x[red]1\t[1]\nx[red]2\t[2]"
        await pilot.press("c")
        await settle(pilot)
        everything = "a\tb\tc\n0\tx[red]0\t[0]\n1\tx[red]1\t[1]\n2\tx[red]2\t[2]"
        assert demo_app.clipboard == everything
        await pilot.press("ctrl+a", "y")
        await settle(pilot)
        assert demo_app.clipboard == everything.partition("\n")[2]


async def test_exporting_asks_before_it_writes_over(demo_app: NuvynApp, tmp_path: Path) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await ask(pilot, "SELECT 1 AS a, NULL AS b, 'ü,' AS c")
        for name in ("out.csv", "out.json", "out.parquet"):
            await _export(pilot, tmp_path / name)
            await settle(pilot)
        with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
            assert list(csv.reader(file)) == [["a", "b", "c"], ["1", "", "ü,"]]
        assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == [{"a": 1, "b": None, "c": "ü,"}]
        assert pq.read_table(tmp_path / "out.parquet").num_rows == 1
        (tmp_path / "out.csv").write_text("mine")
        await _export(pilot, tmp_path / "out.csv")
        assert isinstance(pilot.app.screen, Question)
        await pilot.press("n")
        await settle(pilot)
        assert (tmp_path / "out.csv").read_text() == "mine"
        await _export(pilot, tmp_path / "out.xls")
        await settle(pilot)
        assert isinstance(pilot.app.screen, Reader) and "no such output format" in drawn(pilot)


async def _export(pilot: Pilot[int], path: Path) -> None:
    results = pilot.app.screen.query_one(Results)
    results.go()
    await pilot.press("e")
    assert isinstance(pilot.app.screen, Prompt)
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.press("enter")
    for _ in range(20):
        await pilot.pause()


async def test_words_are_offered_and_taken(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        editor, words = screen.query_one(SqlEditor), screen.query_one(WordList)
        editor.put("SELECT * FROM ")
        await pilot.press(*"fil")
        assert words.is_open and words.words[0].text == "files"
        await pilot.press("tab")
        assert editor.text == "SELECT * FROM files" and not words.is_open and editor.has_focus
        await pilot.press("enter", "ctrl+space")
        assert words.is_open
        await pilot.press("escape")
        assert not words.is_open and editor.has_focus
        editor.put("SELECT f. FROM files f")
        editor.move_cursor((0, 9))
        await pilot.press("ctrl+space", "down", "enter")
        assert editor.text == "SELECT f.source_id FROM files f"
        await pilot.press("ctrl+z")
        assert editor.text == "SELECT f. FROM files f"
        await pilot.press("tab")
        assert not editor.has_focus and not words.is_open


async def test_a_saved_query_asks_for_its_names_and_runs(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Pick)
        await pilot.press(*"source-col", "enter")
        for _ in range(20):
            await pilot.pause()
        assert isinstance(pilot.app.screen, Pick)
        await pilot.press("down", "enter")
        await settle(pilot)
        results = screen.query_one(Results)
        assert results.table is not None and results.table.row_count
        assert "workflow_id = 'demo'" in screen.query_one(SqlEditor).text
        assert len(set(results.table.rows.column("source_id").to_pylist())) == 1


async def test_ones_own_query_is_kept(demo_house: House, demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        screen.query_one(SqlEditor).put("SELECT 7 AS n")
        await pilot.press("ctrl+g")
        await pilot.press(*"mine", "enter")
        for _ in range(20):
            await pilot.pause()
        await pilot.press(*"why[/]", "enter")
        await settle(pilot)
        folder = own_queries(demo_house.settings.home)
        assert saved_query("mine", folder).sql == "-- why[/]\nSELECT 7 AS n\n"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert "why[/]" in drawn(pilot)
        await pilot.press("enter")
        await settle(pilot)
        table = screen.query_one(Results).table
        assert table is not None and table.rows.to_pylist() == [{"n": 7}]


async def test_history_brings_a_text_back(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await ask(pilot, "SELECT 'a[/foo]b' AS one")
        await ask(pilot, "SELECT 2 AS two")
        await pilot.press("ctrl+y")
        await pilot.pause()
        assert "a[/foo]b" in drawn(pilot)
        await pilot.press(*"one", "enter")
        await settle(pilot)
        assert screen.query_one(SqlEditor).text == "SELECT 'a[/foo]b' AS one"
        assert screen.query_one(SqlEditor).has_focus


async def test_escape_and_f6_go_between_the_panes(demo_app: NuvynApp) -> None:
    async with demo_app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        editor = screen.query_one(SqlEditor)
        assert editor.has_focus
        await pilot.press("1")
        assert editor.text == "1"
        await pilot.press("escape", "1")
        assert demo_app.current_mode == "jobs"
        await demo_app.switch_mode("query")
        await pilot.press("f6")
        assert editor.has_focus
        await ask(pilot, "FROM range(3)")
        await pilot.press("tab")
        assert screen.query_one(Results).table is pilot.app.focused
        await pilot.press("tab")
        assert editor.has_focus
