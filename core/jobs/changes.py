"""What an operator asks of jobs that are there: cancel, retry, delete."""

from __future__ import annotations

import sqlite3
import time

from core.errors import JobError
from core.jobs.model import JOB_MOVES, JobState, SourceState, check_move
from core.jobs.moves import add_event, end_job, state_of
from core.jobs.owners import LEASE_S
from core.jobs.reader import JobReader


class JobChanges(JobReader):
    """Writes what is asked for; a worker that runs the job sees it at its next heartbeat."""

    def request_cancel(self, job_id: str) -> JobState:
        """Ask for a job's end: a queued one is cancelled at once, a running one by its worker.

        Raises:
            JobError: there is no such job, or it has ended.
        """

        def work(c: sqlite3.Connection) -> JobState:
            state = state_of(c, job_id)
            if state.ended:
                raise JobError(f"job {job_id} has ended already ({state})")
            c.execute("UPDATE jobs SET cancel_requested = 1 WHERE job_id = ?", (job_id,))
            add_event(c, job_id, None, "info", "cancel", "cancel was asked for")
            if state is JobState.QUEUED:
                c.execute(
                    "UPDATE sources SET state = ?, ended_at = ? WHERE job_id = ? AND state = ?",
                    (SourceState.CANCELLED, time.time(), job_id, SourceState.QUEUED),
                )
                end_job(c, job_id, JobState.CANCELLED, None, None)
                return JobState.CANCELLED
            return state

        return self._db.write(work)

    def request_source_cancel(self, job_id: str, seq: int) -> None:
        """Ask for the end of one source of a job; its others go on.

        Raises:
            JobError: there is no such source, or it has ended.
        """

        def work(c: sqlite3.Connection) -> None:
            row = c.execute("SELECT * FROM sources WHERE job_id = ? AND seq = ?", (job_id, seq)).fetchone()
            if row is None:
                raise JobError(f"job {job_id} has no source number {seq}")
            if SourceState(row["state"]).ended:
                raise JobError(f"source {row['source_id']} has ended already ({row['state']})")
            if state_of(c, job_id) is JobState.QUEUED:
                values = (SourceState.CANCELLED, time.time(), job_id, seq)
                c.execute("UPDATE sources SET state = ?, ended_at = ? WHERE job_id = ? AND seq = ?", values)
                add_event(c, job_id, row["source_id"], "info", "source", "cancelled")
                return
            c.execute("INSERT OR IGNORE INTO source_cancels VALUES (?, ?)", (job_id, seq))
            add_event(c, job_id, row["source_id"], "info", "cancel", "cancel was asked for")

        self._db.write(work)

    def requeue(self, job_id: str, *, owner: str | None = None) -> list[str]:
        """Queue again what of an ended job did not succeed; returns those sources' ids.

        Raises:
            JobError: no such job, it has not ended, or nothing of it is left to do.
        """

        def work(c: sqlite3.Connection) -> list[str]:
            state = state_of(c, job_id)
            again = [
                row["source_id"]
                for row in c.execute(
                    "SELECT source_id FROM sources WHERE job_id = ? AND state IN (?, ?) ORDER BY seq",
                    (job_id, SourceState.FAILED, SourceState.CANCELLED),
                )
            ]
            if not state.ended:
                raise JobError(f"job {job_id} is still {state}", hint=f"nuvyn show {job_id} --follow")
            # A job that asked for a database may only lack that.
            unwritten = (
                state is not JobState.COMPLETED
                and c.execute("SELECT 1 FROM jobs WHERE job_id = ? AND write_to_db", (job_id,)).fetchone()
            )
            if not again and not unwritten:
                raise JobError(f"nothing of job {job_id} is left to retry: it is {state}")
            check_move(JOB_MOVES, state, JobState.QUEUED, f"job {job_id}")
            c.execute(
                "UPDATE sources SET state = ?, error = NULL, hint = NULL, result = NULL, started_at = NULL,"
                " ended_at = NULL WHERE job_id = ? AND state IN (?, ?)",
                (SourceState.QUEUED, job_id, SourceState.FAILED, SourceState.CANCELLED),
            )
            c.execute("DELETE FROM source_cancels WHERE job_id = ?", (job_id,))
            now = time.time()
            c.execute(
                "UPDATE jobs SET state = ?, cancel_requested = 0, ended_at = NULL, answer = NULL, error = NULL,"
                " owner = ?, lease_until = ?, started_at = coalesce(?, started_at) WHERE job_id = ?",
                (
                    JobState.RUNNING if owner else JobState.QUEUED,
                    owner,
                    now + LEASE_S if owner else None,
                    now if owner else None,
                    job_id,
                ),
            )
            add_event(c, job_id, None, "info", "retry", f"retrying {', '.join(again) or 'what was not written'}")
            return again

        return self._db.write(work)

    def delete(self, job_id: str) -> None:
        """Forget an ended job; what it put into the mirror stays.

        Raises:
            JobError: no such job, or it has not ended.
        """

        def work(c: sqlite3.Connection) -> None:
            state = state_of(c, job_id)
            if not state.ended:
                raise JobError(f"job {job_id} is still {state}", hint=f"nuvyn cancel {job_id}")
            c.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))

        self._db.write(work)
