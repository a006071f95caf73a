"""What a job is: its states, their legal moves, and the records front ends read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import JobError

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class JobState(StrEnum):
    """A job's life: queued, running, and one of four ends."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


class SourceState(StrEnum):
    """A source's life within a job. `staged`: extracted, waiting for the others of an atomic job."""

    QUEUED = "queued"
    RUNNING = "running"
    STAGED = "staged"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in _SOURCE_ENDS


_SOURCE_ENDS = frozenset({SourceState.SUCCESS, SourceState.FAILED, SourceState.SKIPPED, SourceState.CANCELLED})

JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    # A running job whose worker died is taken up again as running.
    JobState.RUNNING: frozenset(JobState) - {JobState.QUEUED},
    JobState.COMPLETED: frozenset(),
    JobState.PARTIAL: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}
"""The legal moves of a job. Back to queued is a retry of what did not succeed."""

SOURCE_MOVES: dict[SourceState, frozenset[SourceState]] = {
    SourceState.QUEUED: frozenset(
        {
            SourceState.RUNNING,
            SourceState.SKIPPED,
            SourceState.CANCELLED,
            SourceState.SUCCESS,
            # The job could not begin: the mirror is broken, the disk is full.
            SourceState.FAILED,
        }
    ),
    SourceState.RUNNING: frozenset(SourceState) - {SourceState.QUEUED, SourceState.SKIPPED},
    SourceState.STAGED: frozenset(
        {SourceState.SUCCESS, SourceState.FAILED, SourceState.CANCELLED, SourceState.RUNNING}
    ),
    SourceState.SUCCESS: frozenset(),
    SourceState.FAILED: frozenset({SourceState.QUEUED}),
    SourceState.SKIPPED: frozenset(),
    SourceState.CANCELLED: frozenset({SourceState.QUEUED}),
}
"""The legal moves of a source. A committed source never moves again."""


def check_move(moves: dict[Any, frozenset[Any]], old: StrEnum, new: StrEnum, what: str) -> None:
    """Refuse an illegal move.

    Raises:
        JobError: `moves` has no way from `old` to `new`.
    """
    if new not in moves[old]:
        raise JobError(f"{what} is {old} and cannot become {new}")


def job_end(states: Iterable[SourceState], *, atomic: bool, cancelled: bool, unwritten: bool = False) -> JobState:
    """How a job ends whose sources ended so; the contract's table of job statuses.

    `unwritten`: the mirror has them, but they could not be written to the database that was asked for.
    """
    found = list(states)
    if cancelled or SourceState.CANCELLED in found:
        return JobState.CANCELLED
    failed, good = SourceState.FAILED in found, SourceState.SUCCESS in found
    if failed:
        return JobState.PARTIAL if good and not atomic else JobState.FAILED
    if not good:
        return JobState.FAILED
    return JobState.PARTIAL if unwritten else JobState.COMPLETED


def new_job_id() -> str:
    """An id that sorts by the time it was made: `job_` and a ULID."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "job_" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as stored. Times are Unix seconds; `payload` has its secrets masked."""

    job_id: str
    workflow_id: str
    tenant_id: str
    state: JobState
    payload: dict[str, Any]
    write_to_db: bool
    created_at: float
    started_at: float | None
    ended_at: float | None
    owner: str | None
    lease_until: float | None
    cancel_requested: bool
    error: str | None
    answer: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One source of a job. `result` is its entry in the answer once it has ended."""

    job_id: str
    seq: int
    source_id: str
    state: SourceState
    attempts: int
    started_at: float | None
    ended_at: float | None
    error: str | None
    hint: str | None
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: durable, ordered by `id`, delivered once to each who follows."""

    id: int
    job_id: str
    source_id: str | None
    at: float
    level: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    """A source's newest counters, as the worker last wrote them; see `core.progress.Progress`."""

    seq: int
    phase: str
    listed: int
    to_read: int | None
    done: int
    failed: int
    bytes_read: int
    requests: int
    tables: int
    updated_at: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a running job: its end, and the end of single sources (by `seq`)."""

    cancel: bool
    sources: frozenset[int]


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in an overview: how many of its sources ended how, and what they found so far."""

    job_id: str
    workflow_id: str
    tenant_id: str
    state: JobState
    created_at: float
    started_at: float | None
    ended_at: float | None
    cancel_requested: bool
    error: str | None
    sources: int
    succeeded: int
    failed: int
    skipped: int
    cancelled: int
    files: int
    bytes: int
    tables: int
    columns: int

    @property
    def ended_sources(self) -> int:
        """How many of its sources have ended, however."""
        return self.succeeded + self.failed + self.skipped + self.cancelled

    @property
    def can_retry(self) -> bool:
        """Whether something is left to do again; a partial job without a failed source was not written."""
        return self.state.ended and bool(self.failed or self.cancelled or self.state is JobState.PARTIAL)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source in an overview, without its result."""

    seq: int
    source_id: str
    state: SourceState
    attempts: int
    started_at: float | None
    ended_at: float | None
    error: str | None
    hint: str | None
    files: int | None
    bytes: int | None
    tables: int | None
    columns: int | None


@dataclass(frozen=True, slots=True)
class Totals:
    """A job's counters over all its sources; `to_read` counts those that know it."""

    listed: int
    to_read: int
    done: int
    failed: int
    bytes_read: int
    requests: int
    tables: int
    unlisted: int
    """How many sources have not ended their listing, so that `to_read` is not the whole yet."""
