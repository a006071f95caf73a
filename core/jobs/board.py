"""A job as a live board sees it: a look costs what is on screen, not what the job holds.

Every change of a state makes an event, so jobs and sources are read again only when a new event
is there; counters are summed by SQLite and read one by one only for the lines on screen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from core.jobs.model import Event, JobLine, ProgressRecord, SourceLine, Totals
from core.jobs.rate import Rate, seconds_left
from core.jobs.store import JobStore

_HISTORY = 120
_MAX_EVENTS = 5000


@dataclass(frozen=True, slots=True)
class Standing:
    """A source's counters with its rate (files a second) and seconds left, where it can be known."""

    counters: ProgressRecord
    rate: float
    left_s: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """A job at one moment. `standings` holds only the sources that were asked for, by `seq`.

    `changed` tells whether anything but counters is new since the last look; `rates` are files a
    second over time, oldest first.
    """

    job: JobLine
    sources: tuple[SourceLine, ...]
    totals: Totals
    standings: dict[int, Standing]
    events: tuple[Event, ...]
    rate: float
    left_s: float | None
    rates: tuple[float, ...]
    changed: bool


class Board:
    """Looks at one job again and again; each event is given once."""

    def __init__(self, store: JobStore, job_id: str) -> None:
        self.job_id = job_id
        self._store = store
        self._seen = -1
        self._job: JobLine | None = None
        self._sources: tuple[SourceLine, ...] = ()
        self._rate = Rate()
        self._rates: dict[int, Rate] = {}
        self._history: deque[float] = deque(maxlen=_HISTORY)
        self._noted = 0.0

    def look(self, on_screen: Sequence[int]) -> Look:
        """The job as it is now, with the counters of the sources on screen (by `seq`).

        Raises:
            JobError: the job is no more.
        """
        newest = self._store.newest_event(self.job_id)
        changed = newest != self._seen
        events: tuple[Event, ...] = ()
        if changed or self._job is None:
            self._job = self._store.line(self.job_id)
            self._sources = tuple(self._store.source_lines(self.job_id))
            events = self._new_events()
            self._seen = newest
        totals, now = self._store.totals(self.job_id), time.time()
        whole = not totals.unlisted and not any(s.state == "queued" for s in self._sources)
        rate = self._rate.update("read" if totals.to_read else "list", totals.done or totals.listed, now)
        running = not self._job.state.ended
        if running and now - self._noted >= 1:
            self._history.append(rate)
            self._noted = now
        return Look(
            job=self._job,
            sources=self._sources,
            totals=totals,
            standings={
                seq: self._standing(seq, record)
                for seq, record in self._store.progress_of(self.job_id, on_screen).items()
            },
            events=events,
            rate=rate if running else 0.0,
            left_s=seconds_left(totals.done, totals.to_read, rate) if running and whole else None,
            rates=tuple(self._history),
            changed=changed,
        )

    def _new_events(self) -> tuple[Event, ...]:
        if self._seen < 0:
            return tuple(self._store.last_events(self.job_id, limit=_MAX_EVENTS))
        return tuple(self._store.events(self.job_id, self._seen))

    def _standing(self, seq: int, record: ProgressRecord) -> Standing:
        reading = record.phase == "reading"
        rate = self._rates.setdefault(seq, Rate()).update(
            record.phase, record.done if reading else record.listed, record.updated_at
        )
        return Standing(record, rate, seconds_left(record.done, record.to_read, rate) if reading else None)
