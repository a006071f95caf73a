"""Run: a job live, whoever runs it: a line a source, totals above, its log below."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Static

from core.errors import JobError
from core.jobs.board import Board, Look
from core.jobs.model import Event
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.run_lines import LOG_COLUMNS, SOURCE_COLUMNS, Line, event_cells, headline, lines, source_cells
from nuvyn_tui.screens.story import read_story, told
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.grid import Grid

if TYPE_CHECKING:
    from nuvyn_tui.screens.explore import ExploreScreen

LOOK_EVERY_S = 0.2
_LOG_LENGTH = 5000

_EMPTY = """No job has run yet. Here one shows live: a line a source, with rate and time left.
Press 1 and then d to run the demo, or 2 to build a payload."""


class RunScreen(ModeScreen):
    """One job, followed live until it ends; also one that was started elsewhere."""

    PLACE = "run"
    CSS_PATH = "run.tcss"
    HELP = (
        "The job live. The first line is the whole job; on a source's line the log below shows only that source. "
        "What a source found stands on its line as soon as it has ended."
    )

    def __init__(self) -> None:
        super().__init__()
        self._board: Board | None = None
        self._look: Look | None = None
        self._log: deque[Event] = deque(maxlen=_LOG_LENGTH)
        self._frozen = False
        self._by_state = True

    def panes(self) -> ComposeResult:
        yield Static(id="headline")
        yield Grid[Line](SOURCE_COLUMNS, source_cells, lambda line: line.key, empty=_EMPTY, id="board")
        yield Grid[Event](LOG_COLUMNS, event_cells, lambda event: event.id, empty="no events", header=False, id="log")

    def on_mount(self) -> None:
        self.query_one("#log").border_title = "log"
        self._grid.focus()

    def on_screen_resume(self) -> None:
        self._pull()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, "pull")

    @property
    def _grid(self) -> Grid[Line]:
        return self.query_one("#board", Grid)

    @property
    def job_id(self) -> str | None:
        """The job that is followed."""
        return self._board.job_id if self._board else None

    def follow(self, job_id: str) -> None:
        """Show this job from now on."""
        self._board = Board(self.bridge.house.store, job_id)
        self._look = None
        self._frozen = False
        self._log.clear()
        if self.is_mounted:
            self._grid.cursor = 0
            self._pull()

    @work(exclusive=True, group="pull")
    async def _pull(self) -> None:
        """Look at the job five times a second until it has ended; then once a second, for a retry."""
        if self._board is None:
            newest = await self.bridge.store(self.bridge.house.store.overview, limit=50)
            job = next((job for job in newest if not job.state.ended), newest[0] if newest else None)
            if job is None:
                self._nothing()
                return
            self._board = Board(self.bridge.house.store, job.job_id)
        while True:
            if not self._frozen:
                seqs = [line.source.seq for line in self._grid.on_screen if line.source is not None]
                try:
                    look = await self.bridge.store(self._board.look, seqs)
                except JobError:
                    self._board = None
                    self._nothing()
                    return
                self._show(look)
            ended = self._look is not None and self._look.job.state.ended
            await asyncio.sleep(LOOK_EVERY_S * 5 if ended else LOOK_EVERY_S)

    def _nothing(self) -> None:
        self._look = None
        self.query_one("#headline", Static).update("")
        self._grid.show([])
        self._show_log()
        self.refresh_keys()

    def _show(self, look: Look) -> None:
        self._look = look
        self._log.extend(look.events)
        self._draw()
        if look.changed:
            self._show_log()
            self.refresh_keys()

    def _draw(self) -> None:
        if self._look is None:
            return
        width = self.size.width
        self.query_one("#headline", Static).update(headline(self._look, width, frozen=self._frozen))
        self._grid.show(lines(self._look, by_state=self._by_state))

    @on(Grid.Moved, "#board")
    def _moved(self) -> None:
        self._show_log()
        self.refresh_keys()

    def _show_log(self) -> None:
        log = self.query_one("#log", Grid)
        line = self._grid.row
        wanted = line.source.source_id if line is not None and line.source is not None else None
        events = [event for event in self._log if wanted is None or event.source_id == wanted]
        log.border_title = plain("log" if wanted is None else f"log of {wanted}")
        follow = not log.has_focus
        log.show(events)
        if follow:
            log.action_edge(True)

    @on(Grid.Chosen, "#log")
    def _read_event(self, event: Grid.Chosen) -> None:
        self.app.push_screen(Reader("Event", event.row.message))

    @on(Grid.Chosen, "#board")
    def _chosen(self, event: Grid.Chosen) -> None:
        self.run_worker(self.action_open())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        look = self._look
        line = self._grid.row if self._grid.is_mounted else None
        source = line.source if line is not None else None
        if action == "cancel_source":
            return source is not None and not source.state.ended
        if action == "explore":
            return source is not None and source.state == "success"
        if action == "cancel":
            return look is not None and not look.job.state.ended
        if action == "retry":
            return look is not None and look.job.can_retry
        if action in ("open", "freeze", "order", "details"):
            return look is not None
        return True

    def action_freeze(self) -> None:
        self._frozen = not self._frozen
        self._draw()

    def action_order(self) -> None:
        self._by_state = not self._by_state
        self._draw()

    async def action_open(self) -> None:
        line = self._grid.row
        if line is not None and line.source is not None and line.source.state == "success":
            await self.action_explore()
        else:
            self.action_details()

    async def action_explore(self) -> None:
        line, look = self._grid.row, self._look
        assert line is not None and line.source is not None and look is not None, "the key is off otherwise"
        workflow, source = look.job.workflow_id, line.source.source_id
        await self.house.open("explore", lambda screen: cast("ExploreScreen", screen).open_source(workflow, source))

    @work(exclusive=True, group="act")
    async def action_details(self) -> None:
        if self._board is not None:
            story = await self.bridge.store(read_story, self.bridge.house.store, self._board.job_id)
            await self.app.push_screen(Reader(f"Job of {story.job.workflow_id}", told(story, whole=True)))

    @work(exclusive=True, group="act")
    async def action_cancel_source(self) -> None:
        line, board = self._grid.row, self._board
        assert line is not None and line.source is not None and board is not None, "the key is off otherwise"
        if await self.app.push_screen_wait(Question(f"Cancel the source {line.source.source_id}?", "Cancel it")):
            await self.bridge.store(self.bridge.house.store.request_source_cancel, board.job_id, line.source.seq)

    @work(exclusive=True, group="act")
    async def action_cancel(self) -> None:
        board = self._board
        assert board is not None, "the key is off otherwise"
        question = "Cancel the whole job? Sources that have ended stay in the mirror."
        if await self.app.push_screen_wait(Question(question, "Cancel all")):
            await self.bridge.store(self.bridge.house.store.request_cancel, board.job_id)

    @work(exclusive=True, group="act")
    async def action_retry(self) -> None:
        board = self._board
        assert board is not None, "the key is off otherwise"
        await self.bridge.store(self.bridge.house.store.requeue, board.job_id)
        self.house.tend()
        self._pull()

    def action_newer(self) -> None:
        self._step(-1)

    def action_older(self) -> None:
        self._step(1)

    @work(exclusive=True, group="step")
    async def _step(self, by: int) -> None:
        jobs = await self.bridge.store(self.bridge.house.store.overview, limit=1000)
        places = [at for at, job in enumerate(jobs) if job.job_id == self.job_id]
        at = (places[0] if places else 0) + by
        if 0 <= at < len(jobs):
            self.follow(jobs[at].job_id)
        else:
            self.notify("That is the newest job." if by < 0 else "That is the oldest job.", markup=False)
