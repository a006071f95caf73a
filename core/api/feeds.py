"""A job's events for everyone who listens: the store is looked at once a job, not once a listener."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from core.api.shown import counters_of, moment
from core.errors import JobError
from core.jobs.model import Event, SourceLine, SourceState
from core.jobs.store import JobStore

_LOOK_S = 0.2
_PROGRESS_S = 1.0
_HEARTBEAT_S = 15.0
_KEPT = 2_000
_MOST_SOURCES = 100

Frame = tuple[int, bytes]
"""An event's id and its text as it is sent."""


class Feeds:
    """The feeds of the jobs that somebody listens to."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._feeds: dict[str, _Feed] = {}
        self._closed = False

    async def listen(self, job_id: str, after: int) -> AsyncGenerator[bytes, None]:
        """Server-sent events later than the one numbered `after`, until the job ends; then no more come.

        Progress is sent once a second at most, and only when it has changed; a comment every 15 seconds
        keeps proxies from closing a quiet line.
        """
        feed = self._feeds.get(job_id)
        if feed is None or feed.over:
            # One that is over may still be read slowly by somebody; a retry goes on with a new one.
            feed = self._feeds[job_id] = _Feed(self._store, job_id)
        feed.listeners += 1
        try:
            async for text in feed.listen(after):
                if self._closed:
                    return
                yield text
        finally:
            feed.listeners -= 1
            if not feed.listeners:
                feed.stop()
                if self._feeds.get(job_id) is feed:
                    del self._feeds[job_id]

    def close(self) -> None:
        """End all feeds; the server goes."""
        self._closed = True
        for feed in self._feeds.values():
            feed.stop()


class _Feed:
    """One job: looks at the store while there are listeners, and wakes them when something is new."""

    def __init__(self, store: JobStore, job_id: str) -> None:
        self.listeners = 0
        self._store, self._job_id = store, job_id
        self._frames: deque[Frame] = deque()
        self.over = False
        # First the state: the last event of a job that has ended is then surely among those there.
        self._look_at_state()
        # What is known when the first one listens is read from the store by each.
        self._seen = self._forgotten = store.newest_event(job_id)
        self._progress: tuple[int, bytes] = (0, b"")
        self._progress_at = 0.0
        self._turn = asyncio.Event()
        self._looking = asyncio.create_task(self._look_on())

    def stop(self) -> None:
        self.over = True
        self._wake()
        self._looking.cancel()

    async def listen(self, after: int) -> AsyncGenerator[bytes, None]:
        sent, shown, quiet_since = after, 0, time.monotonic()
        while True:
            turn, over = self._turn, self.over
            if sent < self._forgotten:
                for frame in frames_of(self._store, self._store.events(self._job_id, sent)):
                    sent = frame[0]
                    yield frame[1]
                sent = max(sent, self._forgotten)
            for number, text in [frame for frame in self._frames if frame[0] > sent]:
                sent = number
                yield text
                quiet_since = time.monotonic()
            if over:
                return
            if self._progress[0] > shown:
                shown = self._progress[0]
                yield self._progress[1]
                quiet_since = time.monotonic()
            try:
                await asyncio.wait_for(turn.wait(), max(0.0, quiet_since + _HEARTBEAT_S - time.monotonic()))
            except TimeoutError:
                yield KEEPALIVE_COMMENT
                quiet_since = time.monotonic()

    async def _look_on(self) -> None:
        while not self.over:
            await asyncio.sleep(_LOOK_S)
            new = self._look_at_events()
            told = self._look_at_progress()
            if new or told or self.over:
                self._wake()

    def _look_at_events(self) -> bool:
        events = self._store.events(self._job_id, self._seen)
        if not events:
            return False
        for frame in frames_of(self._store, events):
            self._frames.append(frame)
        self._seen = events[-1].id
        while len(self._frames) > _KEPT:
            self._forgotten = self._frames.popleft()[0]
        self._look_at_state()
        return True

    def _look_at_state(self) -> None:
        try:
            self.over = self._store.line(self._job_id).state.ended
        except JobError:
            self.over = True  # Somebody deleted it.

    def _look_at_progress(self) -> bool:
        if self.over or time.monotonic() - self._progress_at < _PROGRESS_S:
            return False
        text = _progress(self._store, self._job_id)
        if text == self._progress[1]:
            return False
        self._progress = (self._progress[0] + 1, text)
        self._progress_at = time.monotonic()
        return True

    def _wake(self) -> None:
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()


def frames_of(store: JobStore, events: Sequence[Event]) -> list[Frame]:
    """Events as they are sent. A source's end carries what was found in it."""
    lines: dict[str, SourceLine] = {}
    if ends := [event.source_id or "" for event in events if _is_end(event)]:
        lines = {line.source_id: line for line in store.source_lines(events[0].job_id, source_ids=ends)}
    return [(event.id, _frame(event, lines)) for event in events]


def _is_end(event: Event) -> bool:
    return event.kind == "source" and _state(event) in tuple(s for s in SourceState if s.ended)


def _state(event: Event) -> str:
    return event.message.partition(":")[0]


def _frame(event: Event, lines: dict[str, SourceLine]) -> bytes:
    data: dict[str, Any] = {
        "job_id": event.job_id,
        "source_id": event.source_id,
        "at": moment(event.at),
        "level": event.level,
        "message": event.message,
    }
    if event.kind == "source":
        data["status"] = _state(event)
        if _is_end(event) and (line := lines.get(event.source_id or "")) is not None:
            data |= {
                "attempts": line.attempts,
                "files_found": line.files,
                "total_size_bytes": line.bytes,
                "tables_found": line.tables,
                "columns_found": line.columns,
                "error": line.error,
                "hint": line.hint,
            }
    elif event.kind == "ended":
        data["status"] = event.message.removeprefix("job ")
    return format_sse_event(event=event.kind, data_str=json.dumps(data), id=str(event.id))


def _progress(store: JobStore, job_id: str) -> bytes:
    """The counters of all sources, and of those that run just now."""
    job = store.line(job_id)
    running = store.source_lines(job_id, states=(SourceState.RUNNING, SourceState.STAGED), limit=_MOST_SOURCES)
    counters = store.progress_of(job_id, [line.seq for line in running])
    sources = [
        {
            "source_id": line.source_id,
            "phase": known.phase,
            "listed": known.listed,
            "to_read": known.to_read,
            "read": known.done,
            "failed": known.failed,
            "requests": known.requests,
        }
        for line in running
        if (known := counters.get(line.seq)) is not None
    ]
    data = (
        {"job_id": job_id, "sources_ended": job.ended_sources}
        | counters_of(store.totals(job_id))
        | {"sources": sources}
    )
    return format_sse_event(event="progress", data_str=json.dumps(data))
