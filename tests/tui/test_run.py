"""Mode 3: a job live, whoever runs it."""

from __future__ import annotations

from core.house import House
from core.jobs.model import JobState
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.dialogs import Question
from nuvyn_tui.screens.run import RunScreen
from nuvyn_tui.widgets.grid import Grid
from tests.tui.conftest import until
from tests.tui.script import ODD_NAMES, ScriptedJob


def board(app: NuvynApp) -> Grid:
    return app.screen.query_one("#board", Grid)


def log(app: NuvynApp) -> Grid:
    return app.screen.query_one("#log", Grid)


def drawn(grid: Grid) -> str:
    return "\n".join(grid.render_line(y).text for y in range(grid.size.height))


async def test_a_job_that_was_started_elsewhere_shows_live(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, "first", "second")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: len(board(app).rows) == 3)
        job.run(0, 1)
        job.read(40, 100)
        await until(pilot, lambda: "40 of 100" in drawn(board(app)) and "80 of 200" in drawn(board(app)))
        job.succeed(0, files=100, tables=7)
        await until(pilot, lambda: "7 tables" in drawn(board(app)) and "100 files" in drawn(board(app)))
        job.fail(1, "the disk is on fire")
        await until(pilot, lambda: "the disk is on fire" in drawn(log(app)))
        house.store.end(job.job_id, JobState.PARTIAL, {})
        await until(pilot, lambda: "partial" in drawn(board(app)))


async def test_the_log_shows_only_the_selected_source(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, "first", "second")
    job.run(0, 1)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: len(board(app).rows) == 3)
        await until(pilot, lambda: len(log(app).rows) == 3)
        await pilot.press("down")
        await until(pilot, lambda: {event.source_id for event in log(app).rows} == {"first"})


async def test_one_source_is_cancelled_and_the_job_goes_on(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, "first", "second")
    job.run(0, 1)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: len(board(app).rows) == 3)
        await pilot.press("down", "down", "x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        owner = house.store.job(job.job_id).owner
        assert owner is not None
        await until(pilot, lambda: house.store.heartbeat(job.job_id, owner).sources == {1})
        assert not house.store.heartbeat(job.job_id, owner).cancel
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: house.store.heartbeat(job.job_id, owner).cancel)


async def test_a_frozen_board_holds_still(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, "first")
    job.run(0)
    job.read(10, 100)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: "10 of 100" in drawn(board(app)))
        await pilot.press("f")
        job.read(50, 100)
        house.store.note(job.job_id, None, "info", "note", "later")
        await pilot.pause(0.5)
        assert "10 of 100" in drawn(board(app))
        await pilot.press("f")
        await until(pilot, lambda: "50 of 100" in drawn(board(app)))


async def test_older_and_newer_jobs_are_a_key_away(app: NuvynApp, house: House) -> None:
    first, second = ScriptedJob(house.store, "a"), ScriptedJob(house.store, "b")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: app.screen.job_id == second.job_id)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: app.screen.job_id == first.job_id)
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: app.screen.job_id == second.job_id)


async def test_odd_names_show_as_they_are(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, *ODD_NAMES, workflow_id="a[/foo]b")
    job.run(*range(len(ODD_NAMES)))
    for seq, name in enumerate(ODD_NAMES):
        job.fail(seq, f"error of {name}")
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: len(log(app).rows) > len(ODD_NAMES) * 2)
        text = drawn(board(app)) + drawn(log(app))
        for name in ("a[/foo]b", "x[red]y", "smile \U0001f600", "n" * 20, "\\x07esc\\x1b[31m"):
            assert name in text
        for _ in ODD_NAMES:
            await pilot.press("down")
            await pilot.pause()
        assert isinstance(app.screen, RunScreen)


async def test_two_thousand_sources_draw_only_what_is_on_screen(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, *(f"source {n}" for n in range(2000)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: len(board(app).rows) == 2001)
        job.read(1, 9)
        await until(pilot, lambda: "2,000 of 18,000" in drawn(board(app)))
        with_counters = [line for line in board(app).rows if line.standing is not None]
        assert len(with_counters) <= board(app).size.height
        await pilot.press("G")
        await until(pilot, lambda: board(app).cursor == 2000)
