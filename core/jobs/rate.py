"""How fast a count grows, smoothed over a few seconds."""

from __future__ import annotations

_SHORTEST_S = 0.5
_WEIGHT = 0.3


class Rate:
    """Units a second of one growing count; a new `kind` of count, or a smaller one, starts anew."""

    def __init__(self) -> None:
        self._last: tuple[str, int, float] | None = None
        self._rate = 0.0

    def update(self, kind: str, count: int, now: float) -> float:
        """The rate once `count` was seen at `now` (seconds); 0 while it isn't known."""
        if self._last is None or self._last[0] != kind or count < self._last[1]:
            self._last, self._rate = (kind, count, now), 0.0
        elif now - self._last[2] >= _SHORTEST_S:
            fresh = (count - self._last[1]) / (now - self._last[2])
            self._rate = fresh if not self._rate else (1 - _WEIGHT) * self._rate + _WEIGHT * fresh
            self._last = (kind, count, now)
        return self._rate


def seconds_left(done: int, total: int | None, rate: float) -> float | None:
    """How long the rest takes at this rate; None where it cannot be known."""
    return (total - done) / rate if total and rate > 0 and total >= done else None
