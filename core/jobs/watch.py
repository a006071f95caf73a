"""Following a job: what has newly happened and where each source stands, from the job store alone.

The same for a job of this process and for one that a worker elsewhere runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.jobs.model import Event, JobRecord, ProgressRecord, SourceRecord
from core.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Glance:
    """A job at one moment: its sources with their counters, and the events since the last glance."""

    job: JobRecord
    sources: tuple[SourceRecord, ...]
    progress: dict[int, ProgressRecord]
    events: tuple[Event, ...]


class Watch:
    """Looks at one job again and again; each event is seen once."""

    def __init__(self, store: JobStore, job_id: str) -> None:
        self._store = store
        self._job_id = job_id
        self._seen = 0

    def look(self) -> Glance:
        """The job as it is now."""
        job = self._store.job(self._job_id)
        events = self._store.events(self._job_id, self._seen)
        if events:
            self._seen = events[-1].id
        return Glance(
            job,
            tuple(self._store.sources(self._job_id)),
            {record.seq: record for record in self._store.progress(self._job_id)},
            tuple(events),
        )
