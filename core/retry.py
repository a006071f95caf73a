"""Trying again what is transient: exponential backoff with full jitter, `Retry-After` obeyed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from core.errors import SourceError
from core.sources.stores.base import Span, Store

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

_BASE_S = 0.2
_CAP_S = 20.0
_LONGEST_ASKED_S = 120.0


def backoff(attempt: int, *, retry_after: float | None = None, rng: Callable[[], float] = random.random) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 0).

    A random time up to `0.2 s * 2^attempt`, at most 20 s; never less than the server asked for.
    """
    wait = rng() * min(_CAP_S, _BASE_S * 2.0**attempt)
    return wait if retry_after is None else max(wait, min(retry_after, _LONGEST_ASKED_S))


async def with_retries(
    call: Callable[[], Awaitable[T]],
    *,
    retries: int,
    sleep: Sleep = asyncio.sleep,
    rng: Callable[[], float] = random.random,
) -> T:
    """Call until it succeeds, at most `retries` more times, after transient faults only.

    Raises:
        SourceError: the last fault.
    """
    for attempt in range(retries + 1):
        try:
            return await call()
        except SourceError as error:
            if not error.transient or attempt == retries:
                raise
            await sleep(backoff(attempt, retry_after=error.retry_after, rng=rng))
    raise AssertionError("the loop returns or raises")


class RetryingStore:
    """A store whose reads are tried again. A listing is, as long as it has given no page."""

    def __init__(self, inner: Store, *, retries: int, sleep: Sleep = asyncio.sleep) -> None:
        self._inner = inner
        self._retries = retries
        self._sleep = sleep

    @property
    def requests(self) -> Counter[str]:
        return self._inner.requests

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        for attempt in range(self._retries + 1):
            begun = False
            try:
                async for page in self._inner.pages():
                    begun = True
                    yield page
                return
            except SourceError as error:
                if begun or not error.transient or attempt == self._retries:
                    raise
                await self._sleep(backoff(attempt, retry_after=error.retry_after))

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        return await with_retries(lambda: self._inner.read(key, spans), retries=self._retries, sleep=self._sleep)

    async def close(self) -> None:
        await self._inner.close()
