"""What the job store can tell: jobs, their sources, events and progress."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from core.caller_rules import CallerRules
from core.errors import JobError
from core.jobs.counts import Counts, count_all
from core.jobs.database import Database
from core.jobs.model import (
    Event,
    JobLine,
    JobRecord,
    JobState,
    ProgressRecord,
    SourceLine,
    SourceRecord,
    SourceState,
    Totals,
)
from core.jobs.owners import is_gone


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

    def job_of(self, job_id: str) -> JobRecord | None:
        """One job by its whole id; None when there is none."""
        rows = self._db.read("SELECT * FROM jobs WHERE job_id = ?", job_id)
        return _job(rows[0]) if rows else None

    def rules(self, job_id: str) -> CallerRules | None:
        """What the caller may name who had a job made; None when it is the operator's."""
        rows = self._db.read("SELECT rules FROM job_rules WHERE job_id = ?", job_id)
        return CallerRules.from_text(rows[0]["rules"]) if rows else None

    def made_with(self, key: str) -> tuple[str, str] | None:
        """The job that was made with an idempotency key, and the hash of its payload."""
        rows = self._db.read("SELECT job_id, payload_hash FROM job_keys WHERE key = ?", key)
        return (rows[0]["job_id"], rows[0]["payload_hash"]) if rows else None

    def jobs(
        self,
        *,
        state: str | None = None,
        workflow_id: str | None = None,
        tenant_id: str | None = None,
        limit: int = 50,
    ) -> list[JobRecord]:
        """Jobs, newest first."""
        where, values = _where(state, workflow_id, tenant_id)
        rows = self._db.read(
            f"SELECT * FROM jobs {where} ORDER BY created_at DESC, job_id DESC LIMIT ?", *values, limit
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

    def overview(self, *, limit: int = 1000) -> list[JobLine]:
        """The newest jobs, newest first, with what their sources found; no payload or answer is read."""
        rows = self._db.read(_OVERVIEW.format("ORDER BY created_at DESC, job_id DESC LIMIT ?"), limit)
        return [_line(row) for row in rows]

    def page(
        self,
        *,
        state: str | None = None,
        workflow_id: str | None = None,
        tenant_id: str | None = None,
        before: tuple[float, str] | None = None,
        limit: int = 50,
    ) -> list[JobLine]:
        """Jobs that the filters let through, newest first; `before` is the last one's (created_at, job_id) of
        the page before."""
        where, values = _where(state, workflow_id, tenant_id, before)
        rows = self._db.read(_OVERVIEW.format(f"{where} ORDER BY created_at DESC, job_id DESC LIMIT ?"), *values, limit)
        return [_line(row) for row in rows]

    def count(self, *, state: str | None = None, workflow_id: str | None = None, tenant_id: str | None = None) -> int:
        """How many jobs the filters let through."""
        where, values = _where(state, workflow_id, tenant_id)
        [row] = self._db.read(f"SELECT count(*) AS n FROM jobs {where}", *values)
        return int(row["n"])

    def counts(self) -> Counts:
        """Counts over all jobs."""
        return count_all(self._db)

    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        return self.count(state=JobState.QUEUED)

    def line(self, job_id: str) -> JobLine:
        """One job as `overview` shows it.

        Raises:
            JobError: there is none of that id.
        """
        rows = self._db.read(_OVERVIEW.format("WHERE job_id = ?"), job_id)
        if not rows:
            raise JobError(f"job {job_id} is not there any more", hint="nuvyn jobs lists those that are")
        return _line(rows[0])

    def source_lines(
        self,
        job_id: str,
        *,
        states: Sequence[SourceState] = (),
        source_ids: Sequence[str] = (),
        limit: int = -1,
    ) -> list[SourceLine]:
        """A job's sources in the payload's order; no result is read. With `states` or `source_ids` only those."""
        where, values = "", []
        for name, wanted in (("state", states), ("source_id", source_ids)):
            if wanted:
                where += f" AND {name} IN (SELECT value FROM json_each(?))"
                values.append(json.dumps(list(wanted)))
        rows = self._db.read(
            "SELECT seq, source_id, state, attempts, started_at, ended_at, error, hint, files, bytes, tables, columns"
            f" FROM sources LEFT JOIN found USING (job_id, seq) WHERE job_id = ?{where} ORDER BY seq LIMIT ?",
            job_id,
            *values,
            limit,
        )
        return [SourceLine(**dict(row) | {"state": SourceState(row["state"])}) for row in rows]

    def progress_of(self, job_id: str, seqs: Sequence[int]) -> dict[int, ProgressRecord]:
        """The newest counters of some of a job's sources, by `seq`."""
        marks = ", ".join("?" * len(seqs))
        rows = self._db.read(f"SELECT * FROM progress WHERE job_id = ? AND seq IN ({marks})", job_id, *seqs)
        return {row["seq"]: ProgressRecord(**{k: v for k, v in dict(row).items() if k != "job_id"}) for row in rows}

    def totals(self, job_id: str) -> Totals:
        """A job's counters summed over its sources."""
        [row] = self._db.read(_TOTALS, job_id)
        return Totals(**dict(row))

    def last_events(self, job_id: str, *, source_id: str | None = None, limit: int = 1000) -> list[Event]:
        """A job's newest events, oldest first; with `source_id` only that source's."""
        rows = self._db.read(
            "SELECT * FROM events WHERE job_id = ?1 AND (?2 IS NULL OR source_id = ?2) ORDER BY id DESC LIMIT ?3",
            job_id,
            source_id,
            limit,
        )
        return [Event(**dict(row)) for row in reversed(rows)]

    def load(self) -> tuple[int, int]:
        """How many jobs run, and how many wait for a worker (also those whose worker died)."""
        now = time.time()
        rows = self._db.read("SELECT state, owner, lease_until FROM jobs WHERE state IN ('queued', 'running')")
        waits = sum(row["state"] == "queued" or is_gone(row["owner"], row["lease_until"], now) for row in rows)
        return len(rows) - waits, waits

    def newest_event(self, job_id: str) -> int:
        """The id of a job's newest event (0 when there is none): it grows whenever something changed."""
        [row] = self._db.read("SELECT coalesce(max(id), 0) AS id FROM events WHERE job_id = ?", job_id)
        return int(row["id"])


_OVERVIEW = """
SELECT j.job_id, j.workflow_id, j.tenant_id, j.state, j.created_at, j.started_at, j.ended_at, j.cancel_requested,
       j.error, count(s.seq) AS sources, coalesce(sum(s.state = 'success'), 0) AS succeeded,
       coalesce(sum(s.state = 'failed'), 0) AS failed, coalesce(sum(s.state = 'skipped'), 0) AS skipped,
       coalesce(sum(s.state = 'cancelled'), 0) AS cancelled, coalesce(sum(f.files), 0) AS files,
       coalesce(sum(f.bytes), 0) AS bytes, coalesce(sum(f.tables), 0) AS tables,
       coalesce(sum(f.columns), 0) AS columns
FROM (SELECT * FROM jobs {}) j
LEFT JOIN sources s USING (job_id) LEFT JOIN found f USING (job_id, seq)
GROUP BY j.job_id ORDER BY j.created_at DESC, j.job_id DESC
"""

_TOTALS = """
SELECT coalesce(sum(listed), 0) AS listed, coalesce(sum(to_read), 0) AS to_read, coalesce(sum(done), 0) AS done,
       coalesce(sum(failed), 0) AS failed, coalesce(sum(bytes_read), 0) AS bytes_read,
       coalesce(sum(requests), 0) AS requests, coalesce(sum(tables), 0) AS tables,
       coalesce(sum(to_read IS NULL AND phase <> 'ended'), 0) AS unlisted
FROM progress WHERE job_id = ?
"""


def _where(
    state: str | None, workflow_id: str | None, tenant_id: str | None, before: tuple[float, str] | None = None
) -> tuple[str, list[Any]]:
    """A WHERE of only what is asked for, so that an index can answer it."""
    wanted = {"state = ?": state, "workflow_id = ?": workflow_id, "tenant_id = ?": tenant_id}
    parts: list[tuple[str, list[Any]]] = [(part, [value]) for part, value in wanted.items() if value is not None]
    if before is not None:
        parts.append(("(created_at, job_id) < (?, ?)", list(before)))
    where = " AND ".join(part for part, _ in parts)
    return (f"WHERE {where}" if where else "", [value for _, values in parts for value in values])


def _line(row: sqlite3.Row) -> JobLine:
    kept = {"state": JobState(row["state"]), "cancel_requested": bool(row["cancel_requested"])}
    return JobLine(**dict(row) | kept)


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
