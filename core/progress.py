"""Progress of one source: counters written in place by who works, pulled by who looks.

Nothing is queued and nothing waits for a reader; a look that comes late sees the newest state.
Events (`core.jobs`) are the other channel: durable, ordered, each delivered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Phase(StrEnum):
    """What a source is doing."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    LISTING = "listing"
    READING = "reading"
    GROUPING = "grouping"
    COMMITTING = "committing"
    RETRYING = "retrying"
    ENDED = "ended"


@dataclass(slots=True)
class Progress:
    """Counters of one source's current attempt.

    `listed` objects so far; `to_read` is known once listing has ended (None before); `done` of
    those are read or failed; `bytes_read` and `requests` count what went over the wire.
    """

    phase: Phase = Phase.WAITING
    listed: int = 0
    to_read: int | None = None
    done: int = 0
    failed: int = 0
    bytes_read: int = 0
    requests: int = 0
    tables: int = 0
    notes: list[str] = field(default_factory=list)

    def restart(self, phase: Phase) -> None:
        """Back to nothing done, for another attempt; requests go on counting."""
        self.phase = phase
        self.listed = self.done = self.failed = self.bytes_read = self.tables = 0
        self.to_read = None
