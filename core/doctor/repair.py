"""Mending a job store or a mirror that cannot be read: what can be read is kept, what cannot is run again.

Nothing is deleted: the broken file is moved aside and stays there.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from core.doctor.mirror import read_through
from core.doctor.store import fault_of
from core.errors import MirrorError, MirrorTaken, NuvynError, StoreError, UsageError
from core.house import open_mirror
from core.jobs.migrate import kept_copies
from core.jobs.model import JobRecord, JobState, SourceState
from core.jobs.requests import lost_secrets, stored_job
from core.jobs.store import JobStore
from core.mirror.mirror import Mirror
from core.settings import Settings
from core.text import plural

Tell = Callable[[str], None]
"""Takes a line about what was done."""

# In the order in which rows refer to others.
_TABLES = ("jobs", "sources", "events", "progress", "found", "source_cancels", "job_rules", "job_keys")


@dataclass(frozen=True, slots=True)
class ToRerun:
    """A workflow that lost rows: the job that runs it again, or None when its payload had secrets."""

    workflow_id: str
    job_id: str | None


def repair(settings: Settings, tell: Tell) -> list[ToRerun]:
    """Mend what is broken; gives the workflows whose rows are to be made again, queued where that can be.

    Raises:
        UsageError: workers are at it.
        NuvynError: it cannot be mended.
    """
    settings.prepare()
    fault = fault_of(settings.jobs) if settings.jobs.exists() else None
    if fault is None:
        tell(f"the job store {settings.jobs} is whole")
    else:
        if "newer nuvyn" in fault:
            raise StoreError(f"the job store {settings.jobs}: {fault}", hint="install that version again")
        mend_store(settings.jobs, fault, tell)
    store = JobStore(settings.jobs)
    try:
        if store.workers.alive():
            raise UsageError("workers are at work on this home folder", hint="stop them first")
        return mend_mirror(settings, store, tell)
    finally:
        store.close()


def mend_store(path: Path, fault: str, tell: Tell) -> None:
    """Put a new store in a broken one's place, with all rows that can be read, or those of a copy that was kept."""
    tell(f"the job store {path} is broken: {fault}")
    aside = _set_aside(path, ("-wal", "-shm"))
    tell(f"it is kept as {aside.name}")
    with closing(JobStore(path)):
        pass
    for origin in (aside, *reversed(kept_copies(path))):
        kept = _salvage(origin, path)
        if kept.get("jobs"):
            tell(
                f"from {origin.name}: " + ", ".join(f"{count} rows of {name}" for name, count in kept.items() if count)
            )
            return
    tell("no job could be read in it")


def _salvage(origin: Path, target: Path) -> dict[str, int]:
    """Copy every row that can be read and has what it refers to; counts by table."""
    kept: dict[str, int] = {}
    with (
        closing(sqlite3.connect(target)) as new,
        closing(sqlite3.connect(f"{origin.absolute().as_uri()}?mode=ro", uri=True)) as old,
    ):
        new.execute("PRAGMA foreign_keys = ON")
        for table in _TABLES:
            # One that cannot be read at all takes none of the others along.
            with suppress(sqlite3.Error):
                kept[table] = _copied(old, new, table)
        new.commit()
    return kept


def _copied(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> int:
    names = [row[1] for row in new.execute(f"PRAGMA table_info({table})")]
    there = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(name for name in names if name in there)
    if not columns:
        return 0
    count = 0
    insert = f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({', '.join('?' * len(columns.split(', ')))})"
    for row in _readable(old, table, columns):
        with suppress(sqlite3.Error):  # what it refers to is lost
            count += new.execute(insert, row).rowcount
    return count


def _readable(store: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[object, ...]]:
    """The rows before the first that cannot be read, and from the end those after the last such one."""
    key = "rowid" if _has_rowid(store, table) else columns
    seen = set()
    for order in ("ASC", "DESC"):
        by = ", ".join(f"{name} {order}" for name in key.split(", ")[:2])
        with suppress(sqlite3.Error):
            for row in store.execute(f"SELECT {columns} FROM {table} ORDER BY {by}"):
                if row not in seen:
                    seen.add(row)
                    yield row
            return


def _has_rowid(store: sqlite3.Connection, table: str) -> bool:
    [(sql,)] = store.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchall() or [("",)]
    return "WITHOUT ROWID" not in sql


def mend_mirror(settings: Settings, store: JobStore, tell: Tell) -> list[ToRerun]:
    """Put a new mirror in a broken one's place, with every source all of whose rows can be read."""
    mirror = open_mirror(settings)
    fault = _fault(mirror)
    if fault is None:
        tell(f"the mirror {mirror.path} is whole" if mirror.exists() else "there is no mirror yet")
        return []
    tell(fault)
    aside = _set_aside(mirror.path, (".wal", ".size"))
    tell(f"it is kept as {aside.name}")
    kept = open_mirror(settings).take_from(aside)
    if kept:
        tell(
            f"{plural(len(kept), 'source')} could be read in it and {'is' if len(kept) == 1 else 'are'} in the new one"
        )
    return [_again(settings, store, job, tell) for job in _newest(store, kept)]


def _fault(mirror: Mirror) -> str | None:
    try:
        if mirror.exists():
            for table in ("sources", "tables", "columns", "files", "executor_runs", "schema_changes"):
                read_through(mirror, table)
    except MirrorError as error:
        if isinstance(error, MirrorTaken):
            raise
        return error.message
    return None


def _newest(store: JobStore, kept: frozenset[tuple[str, str]]) -> list[JobRecord]:
    """The newest jobs that together stored every source which the mirror no longer has, in the order they were made."""
    found = []
    covered = set(kept)
    for job in store.jobs(limit=1_000_000):
        stored = {(job.workflow_id, s.source_id) for s in store.sources(job.job_id) if s.state is SourceState.SUCCESS}
        if stored - covered:
            found.append(job)
            covered |= stored
    return found[::-1]


def _again(settings: Settings, store: JobStore, job: JobRecord, tell: Tell) -> ToRerun:
    if job.state in (JobState.QUEUED, JobState.RUNNING):
        tell(f"{job.workflow_id}: {job.job_id} goes on with it")
        return ToRerun(job.workflow_id, job.job_id)
    try:
        payload = stored_job(settings, job)
        lost = lost_secrets(payload)
    except NuvynError as error:
        tell(f"{job.workflow_id}: {error.message}; run its payload again")
        return ToRerun(job.workflow_id, None)
    if lost:
        tell(f"{job.workflow_id}: run its payload again, which had secrets that are not stored ({', '.join(lost)})")
        return ToRerun(job.workflow_id, None)
    job_id = store.create(
        workflow_id=job.workflow_id,
        tenant_id=job.tenant_id,
        payload=job.payload,
        source_ids=[source.source_id for source in payload.sources],
        rules=store.rules(job.job_id),
    )
    tell(f"{job.workflow_id}: queued again as {job_id}")
    return ToRerun(job.workflow_id, job_id)


def _set_aside(path: Path, beside: tuple[str, ...]) -> Path:
    """Move a file, and what belongs to it, out of the way."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    path.rename(aside)
    for ending in beside:
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    return aside
