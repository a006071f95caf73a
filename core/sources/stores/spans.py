"""Fetching several byte ranges of one object at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from core.errors import Fault, SourceError
from core.sources.stores.base import Span


async def fetch_spans(fetch: Callable[[int, int], Awaitable[bytes]], key: str, spans: Sequence[Span]) -> list[bytes]:
    """The bytes of each span, in order, by one call of `fetch(start, end)` each.

    Raises:
        SourceError: the first fault; or a span came shorter than asked for, so the object is
            not the one that was listed.
    """
    if len(spans) == 1:
        [(start, end)] = spans
        data = await fetch(start, end)
        if len(data) != end - start:
            raise changed(key)
        return [data]
    # All are waited for when one fails: a request that was sent is counted, and its answer used up.
    answers = await asyncio.gather(*(fetch(start, end) for start, end in spans), return_exceptions=True)
    found = []
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        found.append(answer)
    if [len(data) for data in found] != [end - start for start, end in spans]:
        raise changed(key)
    return found


_SKIPPED = 1 << 20


class Body(Protocol):
    """What is read piece by piece."""

    async def read(self, amount: int, /) -> bytes: ...


async def read_most(body: Body, most: int, *, skip: int = 0) -> bytes:
    """`most` bytes of a body after the first `skip`, or what there is; a server may send more than was asked for."""
    while skip > 0 and (part := await body.read(min(skip, _SKIPPED))):
        skip -= len(part)
    parts: list[bytes] = []
    while most > 0 and (part := await body.read(most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


def changed(key: str) -> SourceError:
    """An object that has other bytes than when it was listed."""
    return SourceError(
        Fault.CORRUPT, f"{key} changed since it was listed", hint="run again when nothing writes there any more"
    )
