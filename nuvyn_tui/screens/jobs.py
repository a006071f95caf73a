"""Jobs, the home: every job with what it found, and what can be done with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from core.errors import NuvynError
from core.jobs.model import JobLine, JobState
from core.text import span
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.story import STATE_STYLES, read_story, sources_in_words, told, took
from nuvyn_tui.widgets.filter import Filter
from nuvyn_tui.widgets.grid import Cell, Column, Grid

if TYPE_CHECKING:
    from nuvyn_tui.screens.build import BuildScreen
    from nuvyn_tui.screens.explore import ExploreScreen
    from nuvyn_tui.screens.run import RunScreen

_LOOK_EVERY_S = 1.0
_MAX_JOBS = 1000

_EMPTY = """nuvyn finds out what is really in data lakes: tables, columns, types, rows.
A payload names the sources to read; every run of one is a job and stands here.
Press d for a demo that needs no network, o to open a payload, n to build one."""

_NEEDS_JOB = ("follow", "again", "retry", "cancel", "delete", "payload", "explore", "details")


class JobsScreen(ModeScreen):
    """Every job; the selected one's story below."""

    PLACE = "jobs"
    CSS_PATH = "jobs.tcss"
    HELP = "Every job, newest first. Below: the selected one with its errors and warnings."

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[JobLine] = ()
        self._words: list[str] = []
        self._told: JobLine | None = None

    def panes(self) -> ComposeResult:
        columns = (
            Column("state", 10),
            Column("workflow"),
            Column("sources", 18),
            Column("files", 9, right=True),
            Column("tables", 7, right=True),
            Column("took", 13, right=True, wide=76),
            Column("age", 13, right=True, wide=92),
            Column("job", 8, wide=104),
        )
        yield Filter("jobs", placeholder="workflow, state or job")
        yield Grid[JobLine](columns, _cells, lambda job: job.job_id, empty="reading the job store", id="jobs")
        with VerticalScroll(id="story", classes="pane"):
            yield Static(id="told")

    def on_mount(self) -> None:
        self.query_one("#story", VerticalScroll).border_title = "selected job"
        self._grid.focus()
        self.set_interval(_LOOK_EVERY_S, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    @property
    def _grid(self) -> Grid[JobLine]:
        return self.query_one("#jobs", Grid)

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        if self.is_current:
            self._all = await self.bridge.store(self.bridge.house.store.overview, limit=_MAX_JOBS)
            self._show()

    def _show(self) -> None:
        rows = [job for job in self._all if _holds(job, self._words)]
        empty = _EMPTY if not self._all else "No job holds that text. Press esc in the filter to see all."
        cut = len(self._all) == _MAX_JOBS
        self._grid.show(rows, empty=empty)
        self._grid.border_title = f"the newest {_MAX_JOBS} jobs" if cut else None
        self.query_one("#story").display = bool(rows)
        self._moved()

    @on(Grid.Moved)
    def _moved(self) -> None:
        if self._grid.row != self._told:
            self._told = self._grid.row
            self._tell()
        self.refresh_keys()

    @work(exclusive=True, group="tell")
    async def _tell(self) -> None:
        job = self._grid.row
        if job is None:
            return
        try:
            story = await self.bridge.store(read_story, self.bridge.house.store, job.job_id)
        except NuvynError:
            # It was deleted meanwhile; the next look takes it out of the list.
            return
        self.query_one("#told", Static).update(told(story))

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._words = event.value.lower().split()
        self._show()

    @on(Grid.Chosen)
    def _chosen(self) -> None:
        self.run_worker(self.action_follow())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _NEEDS_JOB:
            job = self._grid.row if self._grid.is_mounted else None
            if job is None:
                return False
            return {"retry": job.can_retry, "cancel": not job.state.ended}.get(action, True)
        return True

    def action_filter(self) -> None:
        self.query_one(Filter).ask()

    def action_refresh(self) -> None:
        self._look()

    async def action_follow(self) -> None:
        job = self._selected()
        await self.house.open("run", lambda screen: cast("RunScreen", screen).follow(job.job_id))

    async def action_explore(self) -> None:
        job = self._selected()
        sources = await self.bridge.store(self.bridge.house.store.source_lines, job.job_id)
        await self.house.open(
            "explore",
            lambda screen: cast("ExploreScreen", screen).open_source(job.workflow_id, sources[0].source_id),
        )

    async def action_payload(self) -> None:
        record = await self.bridge.store(self.bridge.house.store.job, self._selected().job_id)
        origin = f"job {record.job_id}"
        await self.house.open("build", lambda screen: cast("BuildScreen", screen).load(record.payload, origin))

    async def action_load(self) -> None:
        await self.house.open("build", lambda screen: cast("BuildScreen", screen).action_load())

    async def action_new(self) -> None:
        await self.house.open("build", lambda screen: cast("BuildScreen", screen).new())

    @work(exclusive=True, group="start")
    async def action_demo(self) -> None:
        from nuvyn_tui.starting import start_demo

        await self._follow(await self.bridge.other(start_demo, self.bridge.house))

    @work(exclusive=True, group="start")
    async def action_again(self) -> None:
        from nuvyn_tui.starting import start_again

        await self._follow(await self.bridge.other(start_again, self.bridge.house, self._selected().job_id))

    @work(exclusive=True, group="start")
    async def action_retry(self) -> None:
        job_id = self._selected().job_id
        await self.bridge.store(self.bridge.house.store.requeue, job_id)
        await self._follow(job_id)

    async def _follow(self, job_id: str) -> None:
        self.house.tend()
        await self.house.open("run", lambda screen: cast("RunScreen", screen).follow(job_id))

    @work(exclusive=True, group="act")
    async def action_cancel(self) -> None:
        job = self._selected()
        question = f"Cancel the job of {job.workflow_id}? Sources that have ended stay in the mirror."
        if await self.app.push_screen_wait(Question(question, "Cancel it")):
            await self.bridge.store(self.bridge.house.store.request_cancel, job.job_id)
            self._look()

    @work(exclusive=True, group="act")
    async def action_delete(self) -> None:
        job = self._selected()
        question = f"Delete the job of {job.workflow_id}? What it found stays in the mirror."
        if await self.app.push_screen_wait(Question(question, "Delete it")):
            await self.bridge.store(self.bridge.house.store.delete, job.job_id)
            self._look()

    @work(exclusive=True, group="act")
    async def action_details(self) -> None:
        story = await self.bridge.store(read_story, self.bridge.house.store, self._selected().job_id)
        await self.app.push_screen(Reader(f"Job of {story.job.workflow_id}", told(story, whole=True)))

    def _selected(self) -> JobLine:
        job = self._grid.row
        assert job is not None, "the key is off without a job"
        return job


def _cells(job: JobLine) -> list[Cell]:
    state = "cancelling" if job.cancel_requested and job.state is JobState.RUNNING else job.state.value
    now = time.time()
    return [
        (state, STATE_STYLES[job.state.value]),
        job.workflow_id,
        (sources_in_words(job), "bad" if job.failed else ""),
        f"{job.files:,}",
        f"{job.tables:,}",
        took(job.started_at, job.ended_at, now),
        span(now - job.created_at),
        (job.job_id[-8:], "quiet"),
    ]


def _holds(job: JobLine, words: Sequence[str]) -> bool:
    text = f"{job.workflow_id} {job.state} {job.job_id}".lower()
    return all(word in text for word in words)
