"""Sync: what the mirror holds against what a Databricks warehouse holds; send it, live."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from core.databricks.faults import SyncStopped
from core.databricks.plan import Plan, State
from core.databricks.sync import Scope, Sync, SyncProgress, SyncResult
from core.databricks.target import AuthKind, NotConfigured, Target, target_of
from core.databricks.task import SyncTask
from core.errors import NuvynError
from core.house import open_mirror
from core.settings import load_settings
from nuvyn_tui.crash import told as error_told
from nuvyn_tui.screens import sync_lines as lines
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.sync_lines import Line, Note
from nuvyn_tui.widgets.filter import Filter
from nuvyn_tui.widgets.grid import Grid

T = TypeVar("T")

_LOOK_S = 0.15
_LEAVE_S = 3.0
_CLOSE_S = 1.0

_UNCONFIGURED = """Here the mirror is sent to a Databricks warehouse.
Set what stands above, then press r."""
_EMPTY = """The mirror holds no source yet, so there is nothing to send.
Press 1 and then d for the demo, or 2 for a payload."""
_UNKNOWN = "r compares the mirror with the warehouse; nothing is sent by that."
_HIDDEN = "No source holds that text. Press esc in the filter to see all."


class SyncScreen(ModeScreen):
    """The plan, source by source, and the sync while it runs."""

    PLACE = "sync"
    CSS_PATH = "sync.tcss"
    HELP = (
        "What the mirror holds against what the warehouse holds. s sends what is new or changed and verifies it by "
        "count and checksum; a source that is equal is not sent. Whatever ends halfway, the next sync completes."
    )

    def __init__(self) -> None:
        super().__init__()
        self._target: Target | None = None
        self._plan: Plan | None = None
        self._going: SyncTask[Any] | None = None
        self._leaving = False
        self._sessions: set[asyncio.Future[None]] = set()
        self._began = 0.0
        self._outcome = Content("")
        self._workflow: str | None = None
        self._words: list[str] = []
        self._notes: list[Note] = []
        self._asked = False
        self._identity = ""
        self._sent: Sequence[tuple[str, str]] = ()
        self._drawn: object = None

    def panes(self) -> ComposeResult:
        yield Static(id="target")
        yield Static(id="now")
        yield Filter("sources", placeholder="workflow, source or state")
        yield Grid[Line](lines.COLUMNS, lines.cells, lambda line: line.key, empty=_UNKNOWN, id="sources")
        yield Grid[Note](lines.NOTE_COLUMNS, lines.note_cells, lambda note: note, empty="", header=False, id="log")

    def on_mount(self) -> None:
        self._mirror = open_mirror(self.bridge.house.settings)
        self.query_one("#log").border_title = "tried again"
        self._grid.focus()
        self._draw()

    def on_screen_resume(self) -> None:
        if not self._asked:
            self._asked = True
            self._compare(asked=False)

    async def on_unmount(self) -> None:
        # The app is leaving: what runs at the warehouse is taken back, but nobody waits long for that.
        self._leaving = True
        if (task := self._going) is not None:
            task.cancel()
            with suppress(Exception):
                await asyncio.wait_for(asyncio.wrap_future(task.future), _LEAVE_S)
        if self._sessions:
            await asyncio.wait(self._sessions, timeout=_CLOSE_S)

    @property
    def _grid(self) -> Grid[Line]:
        return self.query_one("#sources", Grid)

    @property
    def _selected(self) -> bool:
        return self.is_mounted and self._plan is not None and self._grid.row is not None

    @property
    def busy(self) -> bool:
        """Whether a comparison or a sync runs."""
        return self._going is not None

    @property
    def _shown(self) -> Plan | None:
        """The plan of the workflow that the list is narrowed to, or of all."""
        return lines.narrowed(self._plan, self._workflow) if self._plan is not None else None

    def _draw(self) -> None:
        if self._leaving:
            return
        progress = self._going.sync.progress if self._going else None
        identity = (self._going and self._going.sync.identity) or self._identity
        target = self.query_one("#target", Static)
        target.display = self._target is not None
        target.update(lines.head(self._target, identity, self._workflow) if self._target else "")
        now = self._outcome
        if progress is not None:
            stopping = self._going is not None and self._going.sync.stop.is_set()
            now = lines.progress_in_words(progress, time.monotonic() - self._began, self.size.width, stopping=stopping)
            self._notes = list(progress.notes)
        self.query_one("#now", Static).update(now)
        self.query_one("#now").display = bool(now.plain)
        self._draw_sources(progress)
        log = self.query_one("#log", Grid)
        log.display = bool(self._notes)
        log.show(tuple(self._notes))
        if not log.has_focus:
            log.action_edge(True)
        self.refresh_keys()

    def _draw_sources(self, progress: SyncProgress | None) -> None:
        """Its lines are made again only when one of them changes: there may be thousands."""
        plan = self._shown
        if plan is None:
            return
        done = self._sent if progress is None else progress.done
        doing = (progress.workflow_id, progress.source_ids, lines.under_way(progress.phase)) if progress else None
        state = (plan.sources, len(done), doing, tuple(self._words))
        if state == self._drawn:
            return
        self._drawn = state
        found = lines.lines_of(plan, done, doing)
        self._grid.show(lines.holding(found, self._words), empty=_HIDDEN if found else _EMPTY)

    def action_refresh(self) -> None:
        self._compare()

    @work(group="sync")
    async def _compare(self, *, asked: bool = True) -> None:
        if self.busy or not await self._read_target():
            return
        there = await self.bridge.other(self._mirror.exists)
        # s may have been pressed meanwhile.
        if self.busy or self._target is None:
            return
        if not asked and self._target.auth is AuthKind.BROWSER:
            self._outcome = Content("r logs in with the browser and compares")
            self._draw()
            return
        if not there:
            self._forget(_EMPTY)
            return
        sync = Sync(self._target, self._mirror, self.bridge.house.settings.runs, Scope(self._workflow))
        plan = await self._run(sync, sync.plan)
        if plan is not None:
            self._take(plan)
            self._tell_plan()
        self._draw()

    def _take(self, plan: Plan) -> None:
        self._plan = lines.merged(self._plan, plan, self._workflow) if self._plan is not None else plan

    def _tell_plan(self) -> None:
        plan = self._shown
        self._outcome = lines.plan_in_words(plan) if plan is not None and plan.sources else Content("")

    async def _read_target(self) -> bool:
        """Read the settings again: the config file may have been mended; tells what is wrong."""
        settings = self.bridge.house.settings
        try:
            fresh = await self.bridge.other(load_settings, home=str(settings.home))
            target = target_of(replace(settings, databricks=fresh.databricks))
        except NuvynError as error:
            self._target = None
            wrong = "" if isinstance(error, NotConfigured) else "the settings are wrong: "
            message, hint = error_told(error)
            self._forget(_UNCONFIGURED, lines.unusable_in_words(wrong + message, hint))
            return False
        if target != self._target:
            self._target = target
            self._forget(_UNKNOWN)
        return True

    def _forget(self, empty: str, why: Content | None = None) -> None:
        """Nothing is known any more: say what stands in its place."""
        self._plan, self._workflow, self._drawn = None, None, None
        self._identity, self._sent, self._outcome = "", (), why or Content("")
        self._grid.show((), empty=empty)
        self._draw()

    async def _run(self, sync: Sync, call: Callable[[], T]) -> T | None:
        """Follow a call of a sync to its end, whatever that is; None when it has no result."""
        task: SyncTask[T] = SyncTask(sync, call)
        self._going, self._began, self._notes = task, time.monotonic(), []
        self._now_doing("syncing")
        try:
            while not task.future.done():
                self._draw()
                await asyncio.sleep(_LOOK_S)
            return task.future.result()
        except SyncStopped:
            begun = bool(sync.progress.sources_to_do)
            self._outcome = lines.stopped_in_words(len(sync.progress.done) if begun else None)
        except NuvynError as error:
            message, hint = error_told(error)
            self._outcome = lines.failed_in_words(message, hint)
            if not self._leaving:
                self.house.show_error(message, hint)
        finally:
            self._ended(task)
        return None

    def _ended(self, task: SyncTask[Any]) -> None:
        """Show how a call left everything."""
        if self._leaving or not task.future.done():
            task.cancel()
            return
        sync = task.sync
        self._identity = sync.identity or self._identity
        self._notes, self._sent = list(sync.progress.notes), tuple(sync.progress.done)
        self._going = None
        if self._plan is not None:
            self._plan = lines.settled(self._plan, self._sent)
        self._now_doing("")
        self._draw()
        if not sync.stop.is_set():
            self._close(sync)

    def _close(self, sync: Sync) -> None:
        """End a session in a thread of its own: a warehouse that does not answer takes its time."""
        closing = asyncio.ensure_future(self.bridge.other(sync.close))
        self._sessions.add(closing)
        closing.add_done_callback(self._sessions.discard)

    def _now_doing(self, what: str) -> None:
        self.house.doing = what
        self.house.tend()

    @work(group="sync")
    async def _send(self, scope: Scope, only: Plan | None = None) -> None:
        """Send what differs by now, or what `only` names."""
        if self.busy or self._target is None or self._plan is None:
            return
        sync = Sync(self._target, self._mirror, self.bridge.house.settings.runs, scope)

        def call() -> SyncResult:
            if only is not None:
                return sync.run(only)
            # Anew: the mirror may hold more than when it was compared.
            plan = sync.plan()
            self._take(plan)
            return sync.run(plan)

        result = await self._run(sync, call)
        if result is not None:
            self._plan = lines.without(self._plan, result.deleted)
            equal = sync.progress.sources_done - len(result.sent) if scope.verify else 0
            self._outcome = lines.result_in_words(result, verified=equal)
        self._draw()

    def action_send(self) -> None:
        self._send(Scope(self._workflow))

    def action_verify(self) -> None:
        self._send(Scope(self._workflow, verify=True))

    @work(exclusive=True, group="act")
    async def action_prune(self) -> None:
        plan = self._shown
        assert plan is not None, "the key is off without a plan"
        gone = plan.of(State.GONE)
        question = lines.prune_question(gone)
        if await self.app.push_screen_wait(Question(question, "Delete there")):
            self._send(Scope(self._workflow, prune=True), Plan(gone, plan.made))

    def action_cancel(self) -> None:
        if self._going is not None:
            self._going.cancel()
            self._draw()

    def action_workflow(self) -> None:
        line = self._grid.row
        self._workflow = None if self._workflow is not None or line is None else line.workflow_id
        self._tell_plan()
        self._draw()
        if line is not None:
            self._grid.select(line.key)

    def action_filter(self) -> None:
        self.query_one(Filter).ask()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._words = event.value.lower().split()
        self._draw()

    @on(Grid.Chosen, "#sources")
    def _chosen(self) -> None:
        self.action_details()

    @on(Grid.Chosen, "#log")
    def _chosen_note(self, event: Grid.Chosen) -> None:
        self.app.push_screen(Reader("Tried again", event.row[1]))

    def action_details(self) -> None:
        line = self._grid.row
        assert self._plan is not None, "the key is off without a plan"
        source = next((s for s in self._plan.sources if line and (s.workflow_id, s.source_id) == line.key), None)
        if line is not None and source is not None:
            self.app.push_screen(Reader(line.name, lines.told(line, source)))

    @work(exclusive=True, group="act")
    async def action_export(self) -> None:
        from nuvyn_tui.screens.writing import write_rows

        await write_rows(self, self._grid.rows, "sync")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        plan = self._shown
        if action in ("cancel", "refresh"):
            return self.busy is (action == "cancel")
        if action in ("send", "verify", "prune"):
            wanted = (State.GONE,) if action == "prune" else tuple(State)
            return not self.busy and bool(plan and plan.of(*wanted))
        if action == "workflow":
            return not self.busy and (self._workflow is not None or self._selected)
        return self._selected if action in ("details", "export") else True
