"""Trying again: how often, how long in between, and what never is."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pyarrow as pa
import pytest

from core.backoff import backoff
from core.errors import Fault, SourceError
from core.retry import RetryingStore, with_retries
from core.sources.stores.page import Page, listing_batch
from core.sources.stores.paging import PrefixPages


def busy(retry_after: float | None = None) -> SourceError:
    return SourceError(Fault.UNAVAILABLE, "busy", transient=True, retry_after=retry_after)


class Waits:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Flaky:
    """Fails as told, then answers."""

    def __init__(self, *faults: BaseException) -> None:
        self.faults = list(faults)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


async def test_transient_faults_are_tried_again_and_told() -> None:
    waits, told = Waits(), []
    answer = await with_retries(
        Flaky(busy(), busy()),
        retries=3,
        sleep=waits,
        rng=lambda: 1.0,
        on_retry=lambda attempt, wait, error: told.append((attempt, wait, error.message)),
    )
    assert answer == "answer"
    assert waits.seconds == [0.2, 0.4]
    assert told == [(1, 0.2, "busy"), (2, 0.4, "busy")]


async def test_it_gives_up_with_the_last_fault() -> None:
    call = Flaky(*(busy() for _ in range(9)))
    with pytest.raises(SourceError, match="busy"):
        await with_retries(call, retries=3, sleep=Waits())
    assert call.calls == 4


@pytest.mark.parametrize("fault", [SourceError(Fault.DENIED, "denied"), ValueError("no"), asyncio.CancelledError()])
async def test_anything_else_is_final(fault: BaseException) -> None:
    call = Flaky(fault)
    with pytest.raises(type(fault)):
        await with_retries(call, retries=3, sleep=Waits())
    assert call.calls == 1


async def test_a_dropped_connection_after_many_refusals_is_tried_again() -> None:
    refused = SourceError(Fault.UNAVAILABLE, "slow down", transient=True, throttled=True)
    waits, call = Waits(), Flaky(*[refused] * 5, busy(), refused, busy())
    assert await with_retries(call, retries=2, sleep=waits) == "answer"
    with pytest.raises(SourceError, match="busy"):
        await with_retries(Flaky(*[refused] * 5, *[busy()] * 3), retries=2, sleep=waits)


def test_waits_grow_up_to_a_cap_and_are_random() -> None:
    assert [backoff(n, rng=lambda: 1.0) for n in (0, 1, 2, 10, 10_000)] == [0.2, 0.4, 0.8, 20.0, 20.0]
    assert backoff(3, rng=lambda: 0.0) == 0.0
    assert len({backoff(5) for _ in range(20)}) > 1


def test_the_servers_wish_is_obeyed_within_reason() -> None:
    assert backoff(0, retry_after=7, rng=lambda: 1.0) == 7
    assert backoff(10, retry_after=7, rng=lambda: 1.0) == 20
    assert backoff(0, retry_after=86_400, rng=lambda: 1.0) == 120


class Pages:
    """A store of three objects whose pages fail as told."""

    warnings = ()

    def __init__(self, faults: dict[str | None, int], *, resumable: bool) -> None:
        self.requests: Counter[str] = Counter()
        self.faults = faults
        self.resumable = resumable

    def pages(self) -> AsyncIterator[pa.RecordBatch]:
        return PrefixPages(self._fetch, "", "x") if self.resumable else self._generator()

    async def _fetch(self, _: str, token: str | None, _level: bool = False) -> Page:
        self.requests["LIST"] += 1
        if self.faults.get(token, 0):
            self.faults[token] -= 1
            raise busy()
        following = {None: "b", "b": "c", "c": None}
        return Page([token or "a"], [1], [None], [None], following[token])

    async def _generator(self) -> AsyncIterator[pa.RecordBatch]:
        token: str | None = None
        while True:
            page = await self._fetch("", token)
            yield listing_batch(page.keys, page.sizes, page.etags, page.modified)
            if (token := page.token) is None:
                return

    async def read(self, key: str, spans: object) -> list[bytes]:
        raise AssertionError

    async def close(self) -> None:
        return None


async def listed(store: RetryingStore) -> list[str]:
    return [key async for page in store.pages() for key in page.column("key").to_pylist()]


async def test_a_resumable_listing_goes_on_where_it_failed() -> None:
    inner = Pages({None: 2, "b": 3, "c": 1}, resumable=True)
    assert await listed(RetryingStore(inner, retries=3, sleep=Waits())) == ["a", "b", "c"]
    assert inner.requests["LIST"] == 3 + 6


async def test_another_listing_begins_anew_only_when_nothing_was_given() -> None:
    inner = Pages({None: 2}, resumable=False)
    assert await listed(RetryingStore(inner, retries=3, sleep=Waits())) == ["a", "b", "c"]
    failing = Pages({"b": 1}, resumable=False)
    with pytest.raises(SourceError) as caught:
        await listed(RetryingStore(failing, retries=3, sleep=Waits()))
    assert caught.value.transient
    assert failing.requests["LIST"] == 2
