"""What several writers of the job store do inside their transactions."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from core.errors import JobError
from core.jobs.model import JobState


def add_event(c: sqlite3.Connection, job_id: str, source_id: str | None, level: str, kind: str, message: str) -> None:
    """Add an event of a job, or of one of its sources."""
    c.execute(
        "INSERT INTO events (job_id, source_id, at, level, kind, message) VALUES (?, ?, ?, ?, ?, ?)",
        (job_id, source_id, time.time(), level, kind, message),
    )


def end_job(
    c: sqlite3.Connection, job_id: str, state: JobState, answer: dict[str, Any] | None, error: str | None
) -> None:
    """End a job: nobody owns it, and its turns are free."""
    c.execute(
        "UPDATE jobs SET state = ?, ended_at = ?, owner = NULL, lease_until = NULL, answer = ?, error = ?"
        " WHERE job_id = ?",
        (state, time.time(), None if answer is None else json.dumps(answer), error, job_id),
    )
    c.execute("DELETE FROM turns WHERE job_id = ?", (job_id,))
    add_event(c, job_id, None, "info" if state is JobState.COMPLETED else "warning", "ended", f"job {state}")


def state_of(c: sqlite3.Connection, job_id: str) -> JobState:
    """A job's state; raises `JobError` when there is no such job."""
    row = c.execute("SELECT state FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
    if row is None:
        raise JobError(f"no job is called {job_id}", hint="nuvyn jobs lists them")
    return JobState(row["state"])
