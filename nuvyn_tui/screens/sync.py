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
from core.databricks.sync import Scope, Sync, SyncResult
from core.databricks.target import NotConfigured, Target, target_of
from core.databricks.task import SyncTask
from core.errors import NuvynError
from core.house import open_mirror
from core.settings import load_settings
from core.text import plural
from nuvyn_tui.crash import is_designed
from nuvyn_tui.crash import told as error_told
from nuvyn_tui.screens.dialogs import Question, Reader
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.screens.sync_lines import (
    COLUMNS,
    NOTE_COLUMNS,
    Line,
    Note,
    cells,
    failed_in_words,
    head,
    holding,
    lines_of,
    note_cells,
    plan_in_words,
    progress_in_words,
    result_in_words,
    stopped_in_words,
    told,
)
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.filter import Filter
from nuvyn_tui.widgets.grid import Grid

T = TypeVar("T")

_LOOK_S = 0.15
_LEAVE_S = 3.0

_UNCONFIGURED = """Here the mirror is sent to Databricks, so that the same queries run there.
{message}
{hint}
r reads the settings again."""
_EMPTY = """The mirror holds no source yet, so there is nothing to send.
Press 1 and then d for the demo, or 2 for a payload."""
_UNKNOWN = "r compares the mirror with the warehouse; nothing is sent by that."


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
        self._left: SyncTask[Any] | None = None
        self._began = 0.0
        self._outcome = Content("")
        self._workflow: str | None = None
        self._words: list[str] = []
        self._notes: list[Note] = []
        self._asked = False
        self._identity = ""
        self._sent: Sequence[tuple[str, str]] = ()

    def panes(self) -> ComposeResult:
        yield Static(id="target")
        yield Static(id="now")
        yield Filter("sources", placeholder="workflow, source or state")
        yield Grid[Line](COLUMNS, cells, lambda line: line.key, empty=_UNKNOWN, id="sources")
        yield Grid[Note](NOTE_COLUMNS, note_cells, lambda note: note, empty="", header=False, id="log")

    def on_mount(self) -> None:
        self._mirror = open_mirror(self.bridge.house.settings)
        self.query_one("#log").border_title = "tried again"
        self._grid.focus()
        self._draw()

    def on_screen_resume(self) -> None:
        if not self._asked:
            self._asked = True
            self.action_refresh()

    async def on_unmount(self) -> None:
        # The app is leaving: what runs at the warehouse is taken back, but nobody waits long for that.
        task = self._going or self._left
        if task is not None and not task.future.done():
            task.cancel()
            with suppress(Exception):
                await asyncio.wait_for(asyncio.wrap_future(task.future), _LEAVE_S)

    @property
    def _grid(self) -> Grid[Line]:
        return self.query_one("#sources", Grid)

    @property
    def busy(self) -> bool:
        """Whether a comparison or a sync runs."""
        return self._going is not None

    def _draw(self) -> None:
        progress = self._going.sync.progress if self._going else None
        target = self._target
        identity = (self._going and self._going.sync.identity) or self._identity
        self.query_one("#target", Static).update(head(target, identity) if target else "")
        self.query_one("#target").display = target is not None
        now = self._outcome
        if progress is not None:
            now = progress_in_words(progress, time.monotonic() - self._began, self.size.width)
            self._notes = list(progress.notes)
        self.query_one("#now", Static).update(now)
        self.query_one("#now").display = bool(now.plain)
        if self._plan is not None:
            doing = [(progress.workflow_id, s) for s in progress.source_ids] if progress else []
            found = lines_of(self._plan, self._sent if progress is None else progress.done, doing)
            narrowed = f" of {self._workflow}" if self._workflow is not None else ""
            empty = _EMPTY if not found else "No source holds that text. Press esc in the filter to see all."
            self._grid.border_title = plain(f"workflow{narrowed}") if narrowed else None
            self._grid.show(holding(found, self._words), empty=empty)
        log = self.query_one("#log", Grid)
        log.display = bool(self._notes)
        log.show(tuple(self._notes))
        log.action_edge(True)
        self.refresh_keys()

    def action_refresh(self) -> None:
        self._compare()

    @work(group="sync")
    async def _compare(self) -> None:
        if self.busy:
            return
        if not await self._read_target():
            return
        assert self._target is not None
        if not await self.bridge.other(self._mirror.exists):
            self._grid.show((), empty=_EMPTY)
            self._draw()
            return
        sync = Sync(self._target, self._mirror, self.bridge.house.settings.runs, Scope(self._workflow))
        plan = await self._run(sync, sync.plan)
        if plan is not None:
            self._plan, self._sent = plan, ()
            self._outcome = plan_in_words(plan) if plan.sources else Content("")
        self._draw()

    async def _read_target(self) -> bool:
        """Read the settings again: the config file may have been mended; tells what is wrong."""
        settings = self.bridge.house.settings
        try:
            fresh = await self.bridge.other(load_settings, home=str(settings.home))
            self._target = target_of(replace(settings, databricks=fresh.databricks))
        except NuvynError as error:
            self._target, self._plan, self._outcome = None, None, Content("")
            message = plain(error.message).plain
            if not isinstance(error, NotConfigured):
                message = f"The settings are wrong: {message}"
            self._grid.show((), empty=_UNCONFIGURED.format(message=message, hint=plain(error.hint).plain))
            self._draw()
            return False
        if self._plan is None:
            self._grid.show((), empty=_UNKNOWN)
        return True

    async def _run(self, sync: Sync, call: Callable[[], T]) -> T | None:
        """Follow a call of a sync to its end, whatever that is; None when it has no result."""
        task: SyncTask[T] = SyncTask(sync, call)
        self._going, self._began, self._notes = task, time.monotonic(), []
        self.house.doing = "syncing"
        try:
            while not task.future.done():
                self._draw()
                await asyncio.sleep(_LOOK_S)
            self._identity = sync.identity or self._identity
            return task.future.result()
        except SyncStopped:
            self._outcome = stopped_in_words(len(sync.progress.done))
        except NuvynError as error:
            message, hint = error_told(error)
            self._outcome = failed_in_words(message, hint)
            assert is_designed(error)
            self.house.show_error(message, hint)
        finally:
            self._notes = list(sync.progress.notes)
            self._sent = tuple(sync.progress.done)
            self._going = None
            self.house.doing = ""
            if not task.future.done():
                # The app is leaving.
                task.cancel()
                self._left = task
            elif not sync.stop.is_set():
                # In a thread: it may have to wait for a warehouse that does not answer.
                with suppress(RuntimeError):
                    asyncio.get_running_loop().run_in_executor(None, sync.close)
        return None

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
            self._plan = plan = sync.plan()
            return sync.run(plan)

        result = await self._run(sync, call)
        if result is not None:
            self._outcome = result_in_words(result, verified=scope.verify)
            gone = set(result.deleted)
            self._plan = Plan(tuple(s for s in self._plan.sources if (s.workflow_id, s.source_id) not in gone), True)
        self._draw()

    def action_send(self) -> None:
        self._send(Scope(self._workflow))

    def action_verify(self) -> None:
        self._send(Scope(self._workflow, verify=True))

    @work(exclusive=True, group="act")
    async def action_prune(self) -> None:
        assert self._plan is not None, "the key is off without a plan"
        gone = self._plan.of(State.GONE)
        names = ", ".join(f"{source.workflow_id}/{source.source_id}" for source in gone[:5])
        more = f" and {len(gone) - 5:,} more" if len(gone) > 5 else ""
        what = f"{plural(len(gone), 'source')} that the mirror no longer holds"
        question = f"Delete {what} from the warehouse? {names}{more}"
        if await self.app.push_screen_wait(Question(question, "Delete there")):
            self._send(Scope(self._workflow, prune=True), Plan(gone, self._plan.made))

    def action_cancel(self) -> None:
        if self._going is not None:
            self._going.cancel()
            self.notify("Cancelling; what runs at the warehouse is taken back.")

    def action_workflow(self) -> None:
        line = self._grid.row
        self._workflow = None if self._workflow is not None or line is None else line.workflow_id
        self._plan = None
        self._compare()

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
        if line is not None and self._plan is not None:
            self.app.push_screen(Reader(line.name, told(line, self._plan)))

    @work(exclusive=True, group="act")
    async def action_export(self) -> None:
        from nuvyn_tui.screens.writing import write_rows

        await write_rows(self, self._grid.rows, "sync")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        ready = not self.busy and self._plan is not None
        if action == "cancel":
            return self.busy
        if action in ("send", "verify"):
            return ready and bool(self._plan and self._plan.sources)
        if action == "prune":
            return ready and bool(self._plan and self._plan.of(State.GONE))
        if action == "refresh":
            return not self.busy
        if action == "workflow":
            return ready and (self._workflow is not None or self._grid.row is not None)
        if action in ("details", "export"):
            return self.is_mounted and self._grid.row is not None
        return True
