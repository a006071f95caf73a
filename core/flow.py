"""How many requests a source has in flight: fewer when its server says that it has too much to do."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

_FEWEST = 4
_CUT = 0.75
_WINDOW_S = 0.1
_WINDOW_ANSWERS = 50
_WINDOW_TURNS = 3
# A share of refusals below this is a server's hiccup.
_TOLERATED = 0.02
# Refusals that are still this much of what they were, with the fewest in flight, don't come from too many requests.
_AS_BEFORE = 0.9
_MORE = 2


class Flow:
    """At most `limit` at once, adjusted by what the server answers.

    Answers are judged in windows of a few turns of all that are in flight. A window with refusals cuts the limit by a
    quarter, one without raises it by one. How many are refused says little of how much there is too much: one
    request over its limit, asked again and again, has a server refuse half of all. So the limit is cut until there
    are no more refusals. Only when there are as many with the fewest in flight is it a fault and not a load; then
    the limit is what it was before, less a quarter, until the share of refusals doubles.

    Attributes:
        limit: how many may be in flight now.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = most
        self._most = most
        self._fewest = min(_FEWEST, most)
        self._clock = clock
        self._in_flight = self._before_cut = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._since = clock()
        self._answers = self._refusals = 0
        self._first: tuple[int, float] | None = None
        """The limit and the share of refusals before the first of the cuts that follow one another."""
        self._accepted = 0.0

    def enter(self) -> bool:
        """Count one more in flight, if there is room for it; whoever gets none waits for its `turn`."""
        if self._in_flight >= self.limit:
            return False
        self._in_flight += 1
        return True

    async def turn(self) -> None:
        """Wait until there is room, and count one more in flight."""
        while not self.enter():
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise

    def leave(self) -> None:
        """Count one less; each that entered leaves once."""
        self._in_flight -= 1
        self._wake()

    def answered(self, *, throttled: bool) -> None:
        """Take note of an answer."""
        if self._before_cut:
            # It was asked for when more were, and says nothing of how many are now.
            self._before_cut -= 1
            return
        self._answers += 1
        self._refusals += throttled
        if (
            self._answers >= max(_WINDOW_ANSWERS, _WINDOW_TURNS * self.limit)
            and self._clock() - self._since >= _WINDOW_S
        ):
            self._judge(self._refusals / self._answers)
            self._since = self._clock()
            self._answers = self._refusals = 0

    def _judge(self, share: float) -> None:
        if share <= _TOLERATED:
            self._accepted = 0.0
            self._first = None
            self.limit = min(self._most, self.limit + 1)
            self._wake()
        elif share > self._accepted:
            self._first = self._first or (self.limit, share)
            limit, before = self._first
            if self.limit == self._fewest and share >= _AS_BEFORE * before:
                self._first, self._accepted = None, max(share, before) * _MORE
                self.limit = max(self._fewest, int(limit * _CUT))
                self._wake()
            else:
                self.limit = max(self._fewest, int(self.limit * _CUT))
                self._before_cut = self._in_flight

    def _wake(self) -> None:
        free = self.limit - self._in_flight
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1
