"""The sync itself: plans, sends what differs table by table, verifies, and marks each source as done.

Order is what makes it exact. A source's old mark is taken back before its rows change, and its new mark is
written after all its tables were found equal on both sides; so whatever ends a sync halfway, the next one
sees it. Rows that are equal already, by count and checksum, are not sent again.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.databricks.chunks import Chunk, chunks
from core.databricks.faults import SyncStopped, Trouble, WarehouseError
from core.databricks.layout import CHILDREN, SOURCES, Layout
from core.databricks.local import Held, Row, Sum, Taken, held, take
from core.databricks.plan import Batch, Plan, State, plan_of
from core.databricks.remote import Remote
from core.databricks.target import Target
from core.databricks.warehouse import Warehouse
from core.errors import NuvynError, UsageError
from core.mirror.mirror import Mirror

_log = logging.getLogger(__name__)

_VOLUME_FROM_ROWS = 32_000
"""Fewer rows go in a statement of their own sooner than through a volume."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is synced: everything, a workflow, or some sources of one.

    `verify` sums up also what the marks call equal; `prune` deletes there what is gone here.
    """

    workflow_id: str | None = None
    source_ids: tuple[str, ...] | None = None
    verify: bool = False
    prune: bool = False


@dataclass(slots=True)
class SyncProgress:
    """What a sync has done so far; written by it, read by whoever shows it."""

    phase: str = "connecting"
    table: str = ""
    workflow_id: str = ""
    source_ids: tuple[str, ...] = ()
    rows_sent: int = 0
    rows_to_send: int = 0
    sources_done: int = 0
    sources_to_do: int = 0
    statements: int = 0
    waiting: str = ""
    """Why it waits, empty while it doesn't."""
    notes: list[tuple[float, str]] = field(default_factory=list)
    """What was worth telling, each with its time in Unix seconds; only ever appended to."""
    done: list[tuple[str, str]] = field(default_factory=list)
    """Sources as they are marked."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did: the sources it sent, found equal and deleted; `rows` and `statements` it took."""

    sync_id: str
    sent: tuple[tuple[str, str], ...]
    equal: tuple[tuple[str, str], ...]
    deleted: tuple[tuple[str, str], ...]
    gone: tuple[tuple[str, str], ...]
    rows: int
    statements: int
    duration_s: float


class Sync:
    """One sync of a mirror to a target. All calls block; `stop` ends them soon from any thread."""

    def __init__(self, target: Target, mirror: Mirror, folder: Path, scope: Scope) -> None:
        self.target, self.scope = target, scope
        self.stop = threading.Event()
        self.progress = SyncProgress()
        self.identity = ""
        self._mirror = mirror
        self.id = uuid.uuid4().hex
        self._folder = folder / f"sync-{os.getpid()}-{self.id}"
        self._remote = Remote(target, Warehouse(target, self.stop, self._tell))

    def plan(self) -> Plan:
        """Compare mirror and warehouse; sends nothing.

        Raises:
            WarehouseError: the warehouse refuses, or fails too often.
            SyncStopped: `stop` was set.
            UsageError, MirrorError: nobody knows such a workflow or source, or the mirror cannot be read.
        """
        self.progress.phase = "reading the mirror"
        sources = held(self._mirror, self.scope.workflow_id, self.scope.source_ids)
        self.progress.phase = "connecting"
        self.identity = self.identity or self._remote.identity()
        self.progress.phase = "comparing"
        marks = self._remote.marks(self.scope.workflow_id)
        self._count()
        wanted = self.scope.source_ids
        if marks is not None and wanted is not None:
            marks = [mark for mark in marks if mark.source_id in wanted]
        plan = plan_of(sources, marks, self.scope.workflow_id)
        self._check_known(plan)
        return plan

    def _check_known(self, plan: Plan) -> None:
        workflow, hint = self.scope.workflow_id, '`nuvyn query "FROM sources"` lists what the mirror holds'
        if workflow is not None and not plan.sources:
            raise UsageError(
                f"neither the mirror nor a sync knows the workflow {workflow}, or what you name of it", hint=hint
            )
        if unknown := set(self.scope.source_ids or ()) - {source.source_id for source in plan.sources}:
            raise UsageError(f"workflow {workflow} has no source {', '.join(sorted(unknown))}", hint=hint)

    def run(self, plan: Plan | None = None) -> SyncResult:
        """Send what differs. Errors as in `plan`; sources marked by then stay as they are."""
        started = time.monotonic()
        try:
            plan = plan or self.plan()
            states = (State.NEW, State.CHANGED, *([State.EQUAL] if self.scope.verify else []))
            batches = plan.batches(states)
            self.progress.rows_to_send = sum(batch.rows for batch in batches)
            self.progress.sources_to_do = sum(len(batch.source_ids) for batch in batches)
            if batches:
                self.progress.phase = "preparing"
                self._remote.prepare()
            for batch in batches:
                self._batch(batch, plan)
            gone = tuple((each.workflow_id, each.source_id) for each in plan.of(State.GONE))
            if self.scope.prune:
                self._prune(plan)
            self.progress.phase = "done"
            equal = () if self.scope.verify else plan.of(State.EQUAL)
            return SyncResult(
                sync_id=self.id,
                sent=tuple(self.progress.done),
                equal=tuple((each.workflow_id, each.source_id) for each in equal),
                deleted=gone if self.scope.prune else (),
                gone=gone,
                rows=self.progress.rows_sent,
                statements=self._remote.warehouse.statements,
                duration_s=time.monotonic() - started,
            )
        except SyncStopped:
            self.progress.phase = "cancelled"
            raise
        except NuvynError:
            self.progress.phase = "failed"
            raise
        finally:
            self._count()
            shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """End the session at the warehouse."""
        self._remote.warehouse.close()

    def _batch(self, batch: Batch, plan: Plan) -> None:
        progress = self.progress
        progress.workflow_id, progress.source_ids = batch.workflow_id, batch.source_ids
        progress.phase, progress.table = "reading", ""
        taken = take(self._mirror, batch.workflow_id, batch.source_ids, self._folder)
        states = {s.source_id: s.state for s in plan.sources if s.workflow_id == batch.workflow_id}
        marked = any(states.get(source.source_id) is not State.NEW for source in taken.sources)
        try:
            sent = self._make_equal(taken, batch, marked=marked)
            due = [s for s in taken.sources if s.source_id in sent or states.get(s.source_id) is not State.EQUAL]
            if due:
                self._mark(batch.workflow_id, due)
                progress.done += [(batch.workflow_id, source.source_id) for source in due]
        finally:
            shutil.rmtree(taken.folder, ignore_errors=True)
        progress.sources_done += len(batch.source_ids)

    def _make_equal(self, taken: Taken, batch: Batch, *, marked: bool) -> frozenset[str]:
        """Send what differs until nothing does; returns the sources of which anything did.

        `marked`: a mark may be there, which is taken back before anything changes.
        """
        progress, remote = self.progress, self._remote
        ids = [source.source_id for source in taken.sources]
        if not ids:
            return frozenset()
        progress.phase = "comparing"
        unequal = _unequal(taken.sources, remote.sums(batch.workflow_id, ids))
        progress.rows_to_send += _rows(taken, unequal) - batch.rows
        sent = frozenset(source for sources in unequal.values() for source in sources)
        if not sent:
            return sent
        if marked:
            remote.run(remote.statements.unmark(batch.workflow_id, sorted(sent)))
        self._count()
        for _ in range(2):
            for layout in CHILDREN:
                if wrong := unequal.get(layout.name):
                    self._send(layout, taken, batch.workflow_id, wrong)
            progress.phase, progress.table = "verifying", ""
            unequal = _unequal(taken.sources, remote.sums(batch.workflow_id, ids))
            self._count()
            if not unequal:
                return sent
            progress.rows_to_send += _rows(taken, unequal)
            self._tell(f"{', '.join(unequal)} of {', '.join(ids)} arrived otherwise than sent; sending once more")
        raise WarehouseError(
            Trouble.REFUSED,
            f"{', '.join(unequal)} of {', '.join(ids)} are not equal on both sides after two tries",
            hint="does something else write to these tables? Otherwise run the sync again",
        )

    def _send(self, layout: Layout, taken: Taken, workflow_id: str, ids: Sequence[str]) -> None:
        """Replace the rows of some sources in one table."""
        progress, remote = self.progress, self._remote
        progress.phase, progress.table = "sending", layout.name
        types = remote.types(layout)
        rows = _rows(taken, {layout.name: ids})
        if self.target.volume and rows >= _VOLUME_FROM_ROWS and len(ids) == len(taken.sources):
            self._send_files(layout, taken.parts(layout), workflow_id, ids, rows)
            return
        for chunk in self._chunks(layout, taken, ids):
            remote.run(remote.statements.replace(layout, workflow_id, chunk, types))
            progress.rows_sent += len(chunk.rows)
            self._count()

    def _chunks(self, layout: Layout, taken: Taken, ids: Sequence[str]) -> Iterable[Chunk]:
        wanted = frozenset(ids)
        rows: Iterable[Row] = (row for row in taken.rows(layout) if row.source in wanted)
        return chunks(layout, ids, rows)

    def _send_files(
        self, layout: Layout, parts: Sequence[Path], workflow_id: str, ids: Sequence[str], rows: int
    ) -> None:
        remote = self._remote
        folder = f"{self.target.volume}/nuvyn/{self.id}/{layout.name}"
        paths = [f"{folder}/{part.name}" for part in parts]
        try:
            for part, path in zip(parts, paths, strict=True):
                self.progress.phase = "uploading"
                remote.warehouse.upload(part, path)
                self._count()
            self.progress.phase = "sending"
            remote.run(remote.statements.replace_from(layout, workflow_id, ids, folder, remote.types(layout)))
            self.progress.rows_sent += rows
        finally:
            for path in paths:
                self._remove(path)
            self._count()

    def _remove(self, path: str) -> None:
        try:
            self._remote.warehouse.remove(path)
        except NuvynError as error:
            self._tell(f"{path} is left in the volume: {error.message}")

    def _mark(self, workflow_id: str, sources: Sequence[Held]) -> None:
        """Say that all rows of these sources are there, and which."""
        remote = self._remote
        self.progress.phase, self.progress.table = "marking", SOURCES.name
        now = time.time_ns() // 1000
        rows = tuple(source.mark(self.id, now) for source in sources)
        chunk = Chunk(tuple(source.source_id for source in sources), rows)
        remote.run(remote.statements.replace(SOURCES, workflow_id, chunk, remote.types(SOURCES)))
        self._count()

    def _prune(self, plan: Plan) -> None:
        """Delete what only the warehouse has; the mark first, so that nobody takes the rest for whole."""
        remote = self._remote
        for batch in plan.batches((State.GONE,)):
            self.progress.phase = "deleting"
            self.progress.workflow_id, self.progress.source_ids = batch.workflow_id, batch.source_ids
            for layout in (SOURCES, *CHILDREN):
                remote.run(remote.statements.delete(layout, batch.workflow_id, batch.source_ids))
                self._count()

    def _count(self) -> None:
        self.progress.statements = self._remote.warehouse.statements
        self.progress.waiting = ""

    def _tell(self, text: str) -> None:
        _log.warning("sync: %s", text)
        self.progress.waiting = text
        self.progress.notes.append((time.time(), text))


def _unequal(sources: Sequence[Held], there: dict[str, dict[str, Sum]]) -> dict[str, list[str]]:
    """The tables that differ, each with the sources of which it does."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for name, own in source.sums.items():
            if there[source.source_id][name] != own:
                found.setdefault(name, []).append(source.source_id)
    return found


def _rows(taken: Taken, tables: Mapping[str, Sequence[str]]) -> int:
    """How many rows some tables have, each of the sources named with it."""
    by_name = {source.source_id: source for source in taken.sources}
    return sum(by_name[source].sums[name].rows for name, sources in tables.items() for source in sources)
