"""What the job store can tell: jobs, their sources, events and progress."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from core.errors import JobError
from core.jobs.database import Database
from core.jobs.model import Event, JobRecord, JobState, ProgressRecord, SourceRecord, SourceState


class JobReader:
    """Reads the job store, as of the last commit of any process."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def job(self, job_id: str) -> JobRecord:
        """One job, by its id or an unambiguous beginning or ending of it.

        Raises:
            JobError: none or several match.
        """
        rows = self._db.read("SELECT * FROM jobs WHERE job_id = ?", job_id) or self._db.read(
            "SELECT * FROM jobs WHERE substr(job_id, 1, length(?1)) = ?1 OR substr(job_id, -length(?1)) = ?1 LIMIT 2",
            job_id,
        )
        if len(rows) != 1 or not job_id:
            raise JobError(
                f"no job is called {job_id}" if not rows else f"several jobs match {job_id}",
                hint="nuvyn jobs lists them",
            )
        return _job(rows[0])

    def jobs(
        self,
        *,
        state: str | None = None,
        workflow_id: str | None = None,
        tenant_id: str | None = None,
        limit: int = 50,
    ) -> list[JobRecord]:
        """Jobs, newest first."""
        rows = self._db.read(
            "SELECT * FROM jobs WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR workflow_id = ?2)"
            " AND (?3 IS NULL OR tenant_id = ?3) ORDER BY created_at DESC, job_id DESC LIMIT ?4",
            state,
            workflow_id,
            tenant_id,
            limit,
        )
        return [_job(row) for row in rows]

    def sources(self, job_id: str) -> list[SourceRecord]:
        """A job's sources, in the payload's order."""
        return [
            SourceRecord(
                **{key: row[key] for key in row.keys() if key not in ("state", "result")},  # noqa: SIM118
                state=SourceState(row["state"]),
                result=json.loads(row["result"]) if row["result"] else None,
            )
            for row in self._db.read("SELECT * FROM sources WHERE job_id = ? ORDER BY seq", job_id)
        ]

    def events(self, job_id: str, after: int = 0) -> list[Event]:
        """A job's events later than the one numbered `after`."""
        rows = self._db.read("SELECT * FROM events WHERE job_id = ? AND id > ? ORDER BY id", job_id, after)
        return [Event(**dict(row)) for row in rows]

    def progress(self, job_id: str) -> list[ProgressRecord]:
        """The newest counters of a job's sources."""
        rows = self._db.read("SELECT * FROM progress WHERE job_id = ? ORDER BY seq", job_id)
        return [ProgressRecord(**{k: v for k, v in dict(row).items() if k != "job_id"}) for row in rows]


def _job(row: sqlite3.Row) -> JobRecord:
    fields: dict[str, Any] = dict(row)
    return JobRecord(
        **fields
        | {
            "state": JobState(fields["state"]),
            "payload": json.loads(fields["payload"]),
            "write_to_db": bool(fields["write_to_db"]),
            "cancel_requested": bool(fields["cancel_requested"]),
            "answer": json.loads(fields["answer"]) if fields["answer"] else None,
        }
    )
