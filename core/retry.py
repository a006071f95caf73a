"""Trying again what is transient: exponential backoff with full jitter, `Retry-After` obeyed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from core.backoff import BASE_S, CAP_S, backoff
from core.errors import SourceError
from core.sources.stores.base import Span, Store

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
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
            wait = backoff(attempt, retry_after=error.retry_after, rng=rng, base=base, cap=cap)
            if on_retry is not None:
                on_retry(attempt + 1, wait, error)
        await sleep(wait)
    raise AssertionError("the loop returns or raises")


class RetryingStore:
    """A store whose reads and listings are tried again.

    A resumable listing asks for the failed page again; any other begins anew, and only as long as
    it has given no page.
    """

    def __init__(
        self, inner: Store, *, retries: int, on_retry: OnRetry | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._inner = inner
        self._retries = retries
        self._on_retry = on_retry
        self._sleep = sleep

    @property
    def requests(self) -> Counter[str]:
        return self._inner.requests

    @property
    def warnings(self) -> Sequence[str]:
        return self._inner.warnings

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
        return await self._try(lambda: self._inner.read(key, spans), self._retries)

    async def close(self) -> None:
        await self._inner.close()

    async def _try(self, call: Callable[[], Awaitable[T]], retries: int) -> T:
        return await with_retries(call, retries=retries, on_retry=self._on_retry, sleep=self._sleep)
