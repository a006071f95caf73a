"""Mode 1: what the operator sees and does with jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from core.errors import JobError
from core.house import House
from core.jobs.model import JobState
from core.jobs.requests import create
from core.payload.load import check
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.jobs import JobsScreen
from nuvyn_tui.screens.run import RunScreen
from nuvyn_tui.widgets.grid import Grid
from tests.tui.conftest import until
from tests.tui.script import ODD_NAMES, ScriptedJob


def queued(house: House, *paths: Path, workflow_id: str = "w") -> str:
    sources = [{"source_id": f"s{at}", "data_source_path": str(path)} for at, path in enumerate(paths)]
    job = check({"workflow_id": workflow_id, "sources": sources}).job
    assert job is not None
    return create(house.store, job)


def grid_of(app: NuvynApp) -> Grid[object]:
    return app.screen.query_one("#jobs", Grid)


async def test_an_empty_home_says_what_this_is_and_which_keys_go_on(app: NuvynApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "data lakes" in grid_of(app).empty)
        assert len(grid_of(app).empty.splitlines()) == 3
        assert all(len(line) < 80 for line in grid_of(app).empty.splitlines())


async def test_the_demo_runs_to_its_end_in_a_worker_and_is_followed(app: NuvynApp, house: House) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(grid_of(app).empty))
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.job_id is not None)
        [job] = house.store.overview()
        await until(pilot, lambda: house.store.line(job.job_id).state.ended)
        await until(pilot, lambda: app.screen.query_one("#board", Grid).rows[0].look.job.state.ended)
    assert house.store.line(job.job_id).state is JobState.COMPLETED
    assert house.mirror.query("SELECT count(*) AS n FROM sources").to_pylist() == [{"n": 3}]


async def test_retry_runs_what_failed_again_and_again_makes_a_new_job(
    app: NuvynApp, house: House, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    late = tmp_path / "late.csv"
    job_id = queued(house, tmp_path / "a.csv", late)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: house.store.line(job_id).state is JobState.PARTIAL)
        late.write_text("y\n2\n")
        await until(pilot, lambda: getattr(grid_of(app).row, "state", "") == "partial")
        await pilot.press("t")
        await until(pilot, lambda: house.store.line(job_id).state is JobState.COMPLETED)
        await pilot.press("1")
        await until(pilot, lambda: getattr(grid_of(app).row, "succeeded", 0) == 2)
        await pilot.press("a")
        await until(pilot, lambda: [job.state for job in house.store.overview()] == [JobState.COMPLETED] * 2)


async def test_cancel_and_delete_are_asked_before_they_are_done(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, "a")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(grid_of(app).rows))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("n")
        assert not house.store.line(job.job_id).cancel_requested
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: house.store.line(job.job_id).cancel_requested)
        job.fail(0, "stopped")
        house.store.end(job.job_id, JobState.FAILED, {})
        await until(pilot, lambda: getattr(grid_of(app).row, "state", "") == "failed")
        await pilot.press("D")
        await until(pilot, lambda: isinstance(app.screen, Question))
        await pilot.press("y")
        await until(pilot, lambda: not house.store.overview())
    with pytest.raises(JobError):
        house.store.line(job.job_id)


async def test_the_story_tells_errors_with_their_hints(app: NuvynApp, house: House) -> None:
    job = ScriptedJob(house.store, "lake")
    job.run(0)
    job.fail(0, "the key was refused", "check the account key")
    async with app.run_test(size=(120, 40)) as pilot:
        told = app.screen.query_one("#told", Static)
        await until(pilot, lambda: "the key was refused" in str(told.content))
        assert "check the account key" in str(told.content)


async def test_the_filter_shows_only_what_holds_its_words(app: NuvynApp, house: House) -> None:
    for name in ("retail", "finance"):
        ScriptedJob(house.store, "a", workflow_id=name)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(grid_of(app).rows) == 2)
        await pilot.press("slash", *"reta")
        await until(pilot, lambda: [job.workflow_id for job in grid_of(app).rows] == ["retail"])
        await pilot.press("escape")
        await until(pilot, lambda: len(grid_of(app).rows) == 2)


async def test_odd_names_show_as_they_are(app: NuvynApp, house: House) -> None:
    for name in ODD_NAMES:
        job = ScriptedJob(house.store, name, workflow_id=name)
        job.run(0)
        job.fail(0, f"error of {name}", f"hint of {name}")
    async with app.run_test(size=(120, 40)) as pilot:
        assert isinstance(app.screen, JobsScreen)
        await until(pilot, lambda: len(grid_of(app).rows) == len(ODD_NAMES))
        await pilot.pause()
        drawn = "\n".join(grid_of(app).render_line(y).text for y in range(10))
        for name in ("a[/foo]b", "x[red]y", "smile \U0001f600", "n" * 20, "tab\\tbell\\x07esc\\x1b[31m"):
            assert name in drawn
        told = app.screen.query_one("#told", Static)
        for name in reversed(ODD_NAMES):
            shown = name.replace("\t", "\\t").replace("\x07", "\\x07").replace("\x1b", "\\x1b")
            await until(pilot, lambda shown=shown: f"error of {shown}" in str(told.content))
            assert f"hint of {shown}" in str(told.content)
            await pilot.press("space")
            await until(pilot, lambda: isinstance(app.screen, Reader))
            await pilot.press("escape", "down")
