"""How many requests a source has in flight: fewer when its server says that it has too much to do."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

_FEWEST = 4
_CUT = 0.75
_WINDOW_S = 0.1
_WINDOW_ANSWERS = 200
# A share of refusals below this is a server's hiccup.
_TOLERATED = 0.02
# After so many cuts refusals must have become fewer, or they don't come from too many requests.
_CUTS_TO_JUDGE = 3
_FEWER = 0.8
_MORE = 1.5


class Flow:
    """At most `limit` at once, adjusted by what the server answers.

    Answers are judged in windows of two hundred, and a tenth of a second at least. A window with
    refusals cuts the limit by a quarter, one without raises it by one. A server that refuses the same share
    however few there are (a fault, not a load) is not asked more slowly for it: three cuts without effect are
    the last, until the share of refusals rises.

    Attributes:
        limit: how many may be in flight now.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = most
        self._most = most
        self._fewest = min(_FEWEST, most)
        self._clock = clock
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._since = clock()
        self._answers = self._refusals = 0
        self._shares: deque[float] = deque(maxlen=_CUTS_TO_JUDGE + 1)
        self._accepted = 0.0

    async def __aenter__(self) -> None:
        while self._in_flight >= self.limit:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise
        self._in_flight += 1

    async def __aexit__(self, *_: object) -> None:
        self._in_flight -= 1
        self._wake()

    def answered(self, *, throttled: bool) -> None:
        """Take note of an answer."""
        self._answers += 1
        self._refusals += throttled
        if self._answers >= _WINDOW_ANSWERS and self._clock() - self._since >= _WINDOW_S:
            self._judge(self._refusals / self._answers)
            self._since = self._clock()
            self._answers = self._refusals = 0

    def _judge(self, share: float) -> None:
        if share <= _TOLERATED:
            self._accepted = 0.0
            self._shares.clear()
            self.limit = min(self._most, self.limit + 1)
            self._wake()
        elif share > self._accepted:
            self._shares.append(share)
            if len(self._shares) > _CUTS_TO_JUDGE and share >= _FEWER * self._shares[0]:
                self._accepted = share * _MORE
                self._shares.clear()
            else:
                self.limit = max(self._fewest, int(self.limit * _CUT))

    def _wake(self) -> None:
        free = self.limit - self._in_flight
        while free > 0 and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1
