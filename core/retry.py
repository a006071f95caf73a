"""Trying again what is transient: exponential backoff with full jitter, `Retry-After` obeyed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import count
from typing import TypeVar

import pyarrow as pa

from core.backoff import BASE_S, CAP_S, backoff
from core.errors import SourceError
from core.flow import Flow
from core.sources.stores.base import Span, Store

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
# How many are in flight is seen to elsewhere (`core.flow`), so that nobody need wait for long.
_THROTTLED_RETRIES = 24
_THROTTLED_CAP_S = 5.0
OnRetry = Callable[[int, float, SourceError], None]
"""Is told the number of the failed attempt (from 1), the seconds until the next, and the fault."""


async def with_retries(
    call: Callable[[], Awaitable[T]],
    *,
    retries: int,
    on_retry: OnRetry | None = None,
    base: float = BASE_S,
    cap: float = CAP_S,
    sleep: Sleep = asyncio.sleep,
    rng: Callable[[], float] = random.random,
    failed: SourceError | None = None,
) -> T:
    """Call until it succeeds, at most `retries` more times, after transient faults only.

    `failed` is the fault of a first call, where that was made already.

    A server that has too much to do is asked more often (unless `retries` is 0): it answers, after all.

    Raises:
        SourceError: the last fault.
    """
    throttled = 0
    for attempt in count():
        error, failed = failed, None
        if error is None:
            try:
                return await call()
            except SourceError as fault:
                error = fault
        # Each kind by itself: a dropped connection after many refusals is the first of its kind.
        before, most = attempt - throttled, retries
        if error.throttled and retries:
            before, most = throttled, max(retries, _THROTTLED_RETRIES)
            throttled += 1
        if not error.transient or before >= most:
            raise error
        longest = min(cap, _THROTTLED_CAP_S) if error.throttled else cap
        wait = backoff(attempt, retry_after=error.retry_after, rng=rng, base=base, cap=longest)
        if on_retry is not None:
            on_retry(attempt + 1, wait, error)
        await sleep(wait)
    raise AssertionError("it counts without end")


class RetryingStore:
    """A store whose reads and listings are tried again, with fewer reads at once when its server wants that.

    A resumable listing asks for the failed page again; any other begins anew, and only as long as
    it has given no page.
    """

    def __init__(
        self,
        inner: Store,
        *,
        retries: int,
        max_concurrency: int = 64,
        on_retry: OnRetry | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._flow = Flow(max_concurrency)
        self._retries = retries
        self._on_retry = on_retry
        self._sleep = sleep

    @property
    def requests(self) -> Counter[str]:
        return self._inner.requests

    @property
    def warnings(self) -> Sequence[str]:
        return self._inner.warnings

    @property
    def complete(self) -> bool:
        """Whether the listing has all that is there, but for what the user has left out."""
        return getattr(self._inner, "complete", True)

    @property
    def at_hand(self) -> object:
        """What the store can read without waiting, if it can; a fault there is tried again by `read`."""
        return getattr(self._inner, "at_hand", None)

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        pages = self._inner.pages()
        resumable = getattr(pages, "resumable", False)
        given = False

        async def following() -> pa.RecordBatch | None:
            nonlocal pages
            try:
                return await anext(pages, None)
            except SourceError:
                if not resumable:
                    pages = self._inner.pages()
                raise

        while (page := await self._try(following, self._retries if resumable or not given else 0)) is not None:
            given = True
            yield page

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        try:
            # Nearly all are given at once, and there may be millions: no more than this for them.
            return await self._read(key, spans)
        except SourceError as error:
            failed = error
        return await self._try(lambda: self._read(key, spans), self._retries, failed)

    async def _read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        flow, throttled = self._flow, False
        if not flow.enter():
            await flow.turn()
        try:
            return await self._inner.read(key, spans)
        except SourceError as error:
            throttled = error.throttled
            raise
        finally:
            flow.leave()
            flow.answered(throttled=throttled)

    async def close(self) -> None:
        await self._inner.close()

    async def _try(self, call: Callable[[], Awaitable[T]], retries: int, failed: SourceError | None = None) -> T:
        return await with_retries(call, retries=retries, on_retry=self._on_retry, sleep=self._sleep, failed=failed)
