"""The job store: the only shared truth about work. Front ends write requests, workers do them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from core.caller_rules import CallerRules
from core.errors import JobError
from core.jobs.changes import JobChanges
from core.jobs.database import Database
from core.jobs.model import JOB_MOVES, SOURCE_MOVES, Asked, JobRecord, JobState, SourceState, check_move, new_job_id
from core.jobs.moves import add_event, end_job, state_of
from core.jobs.owners import LEASE_S, Workers, is_gone, this_owner
from core.jobs.turns import Turns
from core.progress import Progress
from core.text import plural

__all__ = ["LEASE_S", "JobStore", "this_owner"]


class KeyReused(JobError):
    """An idempotency key that made a job of another payload."""


class JobStore(JobChanges):
    """Jobs, their sources, events and progress in one SQLite file. Safe from any thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path))
        self.workers = Workers(self._db)
        self.turns = Turns(self._db)

    def close(self) -> None:
        """Finish what was submitted and let go of the file."""
        self._db.close()

    def create(
        self,
        *,
        workflow_id: str,
        tenant_id: str,
        payload: dict[str, Any],
        source_ids: Sequence[str],
        write_to_db: bool = False,
        owner: str | None = None,
        lease_s: float = LEASE_S,
        rules: CallerRules | None = None,
        key: str | None = None,
    ) -> str:
        """Store a job (its payload with secrets masked already) and return its id.

        With an `owner` it is running at once and nobody else takes it, for `lease_s` seconds to begin with.
        `rules` are those of the caller who has it made. A `key` that made a job before makes no other: that
        job's id is returned.

        Raises:
            KeyReused: the key made a job of another payload.
        """
        job_id, now = new_job_id(), time.time()
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()

        def work(c: sqlite3.Connection) -> str:
            if key is not None:
                made = c.execute("SELECT job_id, payload_hash FROM job_keys WHERE key = ?", (key,)).fetchone()
                if made is not None:
                    if made["payload_hash"] != digest:
                        raise KeyReused(
                            f"this Idempotency-Key made job {made['job_id']} of another payload",
                            hint="use a new key for a new payload",
                        )
                    return str(made["job_id"])
            state = JobState.RUNNING if owner else JobState.QUEUED
            c.execute(
                "INSERT INTO jobs (job_id, workflow_id, tenant_id, state, payload, write_to_db, created_at, started_at,"
                " owner, lease_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job_id,
                    workflow_id,
                    tenant_id,
                    state,
                    json.dumps(payload),
                    write_to_db,
                    now,
                    now if owner else None,
                    owner,
                    now + lease_s if owner else None,
                ),
            )
            c.executemany(
                "INSERT INTO sources (job_id, seq, source_id, state) VALUES (?, ?, ?, ?)",
                [(job_id, seq, source_id, SourceState.QUEUED) for seq, source_id in enumerate(source_ids)],
            )
            if rules is not None:
                c.execute("INSERT INTO job_rules VALUES (?, ?)", (job_id, rules.text()))
            if key is not None:
                c.execute("INSERT INTO job_keys VALUES (?, ?, ?)", (key, job_id, digest))
            add_event(c, job_id, None, "info", "created", f"job created with {plural(len(source_ids), 'source')}")
            return job_id

        return self._db.write(work)

    def claim(self, owner: str) -> JobRecord | None:
        """Take the oldest job that waits, or whose worker died; None when there is none."""

        def work(c: sqlite3.Connection) -> str | None:
            now = time.time()
            for row in c.execute(
                "SELECT job_id, state, owner, lease_until FROM jobs WHERE state IN (?, ?) ORDER BY created_at",
                (JobState.QUEUED, JobState.RUNNING),
            ).fetchall():
                if row["state"] == JobState.RUNNING and not is_gone(row["owner"], row["lease_until"], now):
                    continue
                c.execute(
                    "UPDATE jobs SET state = ?, owner = ?, lease_until = ?, started_at = coalesce(started_at, ?)"
                    " WHERE job_id = ?",
                    (JobState.RUNNING, owner, now + LEASE_S, now, row["job_id"]),
                )
                if row["state"] == JobState.RUNNING:
                    add_event(c, row["job_id"], None, "warning", "resumed", "its worker died; taken up again")
                return str(row["job_id"])
            return None

        job_id = self._db.write(work)
        return None if job_id is None else self.job(job_id)

    def heartbeat(self, job_id: str, owner: str) -> Asked:
        """Renew the lease; returns what cancels were asked for.

        Raises:
            JobError: the job belongs to another worker by now, so this one must stop.
        """

        def work(c: sqlite3.Connection) -> Asked:
            done = c.execute(
                "UPDATE jobs SET lease_until = ? WHERE job_id = ? AND owner = ? RETURNING cancel_requested",
                (time.time() + LEASE_S, job_id, owner),
            ).fetchone()
            if done is None:
                raise JobError(f"job {job_id} was taken over by another worker")
            dropped = c.execute("SELECT seq FROM source_cancels WHERE job_id = ?", (job_id,)).fetchall()
            return Asked(bool(done[0]), frozenset(seq for (seq,) in dropped))

        return self._db.write(work)

    def release(self, job_id: str, owner: str) -> None:
        """Give a running job back, so that another worker takes it up at once."""

        def work(c: sqlite3.Connection) -> None:
            c.execute("UPDATE jobs SET lease_until = 0 WHERE job_id = ? AND owner = ?", (job_id, owner))
            add_event(c, job_id, None, "info", "released", "its worker was stopped; another takes it up")

        self._db.write(work)

    def move_source(
        self,
        job_id: str,
        seq: int,
        state: SourceState,
        *,
        error: str | None = None,
        hint: str | None = None,
        result: dict[str, Any] | None = None,
    ) -> None:
        """Move a source to its next state, with an event that says so."""

        def work(c: sqlite3.Connection) -> None:
            row = c.execute(
                "SELECT source_id, state FROM sources WHERE job_id = ? AND seq = ?", (job_id, seq)
            ).fetchone()
            old, now = SourceState(row["state"]), time.time()
            if old is not state:
                check_move(SOURCE_MOVES, old, state, f"source {row['source_id']}")
            c.execute(
                "UPDATE sources SET state = ?, error = ?, hint = ?, result = coalesce(?, result),"
                " started_at = CASE WHEN ? THEN coalesce(started_at, ?) ELSE started_at END,"
                " ended_at = CASE WHEN ? THEN ? END WHERE job_id = ? AND seq = ?",
                (
                    state,
                    error,
                    hint,
                    None if result is None else json.dumps(result),
                    state is SourceState.RUNNING,
                    now,
                    state.ended,
                    now,
                    job_id,
                    seq,
                ),
            )
            if result is not None:
                found = result.get("metadata", {})
                names = ("files_found", "total_size_bytes", "tables_found", "columns_found")
                counts = (found.get(name, 0) for name in names)
                c.execute("INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?, ?, ?)", (job_id, seq, *counts))
            level = "error" if state is SourceState.FAILED else "info"
            text = f"{state}" + (f": {error}" if error else "")
            add_event(c, job_id, row["source_id"], level, "source", text)

        self._db.write(work)

    def mark_written(self, job_id: str, source_ids: Iterable[str]) -> None:
        """Note in their results that these sources are in the database that the job asked for."""
        values = [(job_id, source_id) for source_id in source_ids]

        def work(c: sqlite3.Connection) -> None:
            c.executemany(
                "UPDATE sources SET result = json_set(result, '$.metadata.written_to_db', json('true'))"
                " WHERE job_id = ? AND source_id = ?",
                values,
            )

        self._db.write(work)

    def deaths(self, job_id: str) -> int:
        """How many workers died while they had this job; those that gave it back did not."""
        [row] = self._db.read(
            "SELECT sum(kind = 'resumed') - sum(kind = 'released') FROM events WHERE job_id = ?", job_id
        )
        return max(0, row[0] or 0)

    def count_attempt(self, job_id: str, seq: int) -> int:
        """Count one more attempt of a source and return the count."""

        def work(c: sqlite3.Connection) -> int:
            row = c.execute(
                "UPDATE sources SET attempts = attempts + 1 WHERE job_id = ? AND seq = ? RETURNING attempts",
                (job_id, seq),
            ).fetchone()
            return int(row[0])

        return self._db.write(work)

    def note(self, job_id: str, source_id: str | None, level: str, kind: str, message: str) -> None:
        """Add an event without waiting for the disk."""
        self._db.submit(lambda c: add_event(c, job_id, source_id, level, kind, message))

    def put_progress(self, job_id: str, counters: Iterable[tuple[int, Progress]]) -> Future[None]:
        """Overwrite the counters of some sources, without waiting."""
        now = time.time()
        values = [
            (
                job_id,
                seq,
                p.phase.value,
                p.listed,
                p.to_read,
                p.done,
                p.failed,
                p.bytes_read,
                p.requests,
                p.tables,
                now,
            )
            for seq, p in counters
        ]

        def work(c: sqlite3.Connection) -> None:
            c.executemany("INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

        return self._db.submit(work)

    def end(self, job_id: str, state: JobState, answer: dict[str, Any], error: str | None = None) -> None:
        """End a job with its answer."""

        def work(c: sqlite3.Connection) -> None:
            check_move(JOB_MOVES, state_of(c, job_id), state, f"job {job_id}")
            end_job(c, job_id, state, answer, error)

        self._db.write(work)
