"""The job store: is the file whole, and who works on its jobs."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from core.doctor.findings import Finding, broken, off, ok, warning
from core.jobs.migrate import VERSION, kept_copies
from core.jobs.model import JobState
from core.jobs.owners import is_gone
from core.text import plural

_REPAIR = "stop all workers, then: nuvyn repair"


def check_store(path: Path) -> Iterator[Finding]:
    """The file, opened read-only; nothing of it is changed."""
    if not path.exists():
        yield off("job store", f"{path} is not there yet: the first job makes it")
        return
    fault = fault_of(path)
    if fault is not None:
        yield broken("job store", f"{path}: {fault}", _REPAIR)
        return
    with closing(_opened(path)) as store:
        if not store.execute("SELECT 1 FROM sqlite_schema").fetchone():
            yield off("job store", f"{path} is empty: the next job fills it")
            return
        counts = store.execute("SELECT state, count(*) FROM jobs GROUP BY state ORDER BY state").fetchall()
        running = store.execute(
            "SELECT job_id, owner, lease_until FROM jobs WHERE state = ?", (JobState.RUNNING.value,)
        ).fetchall()
    said = ", ".join(f"{count} {state}" for state, count in counts) or "no jobs"
    yield ok("job store", f"{path}, whole: {said}")
    now = time.time()
    lost = [job_id for job_id, owner, lease in running if is_gone(owner, lease, now)]
    if lost:
        yield warning("jobs", f"{plural(len(lost), 'running job')} without a worker", "nuvyn worker takes them up")
    if copies := kept_copies(path):
        yield off("job store", f"kept from before an upgrade: {', '.join(copy.name for copy in copies)}")


def fault_of(path: Path) -> str | None:
    """Why a store cannot be used; None when it is whole, or only older than this version."""
    try:
        with closing(_opened(path)) as store:
            [(said,)] = store.execute("PRAGMA quick_check(1)").fetchall()
            if said != "ok":
                return str(said).splitlines()[-1]
            [(version,)] = store.execute("PRAGMA user_version").fetchall()
            if not store.execute("SELECT 1 FROM sqlite_schema").fetchone():
                return None
            if version > VERSION:
                return f"a newer nuvyn made it (version {version}, this one knows {VERSION})"
            store.execute("SELECT job_id, state, payload FROM jobs LIMIT 1").fetchall()
            store.execute("SELECT job_id, seq, state FROM sources LIMIT 1").fetchall()
    except sqlite3.Error as error:
        return str(error)
    return None


def _opened(path: Path) -> sqlite3.Connection:
    # In a folder that cannot be written nobody writes; SQLite would make its files there even to read.
    how = "mode=ro" if os.access(path.parent, os.W_OK) else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=5)
