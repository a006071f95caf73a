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
        found = [await fetch(*spans[0])]
    else:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_awaited(fetch(start, end))) for start, end in spans]
        except* SourceError as faults:
            raise _first(faults) from None
        found = [task.result() for task in tasks]
    for data, (start, end) in zip(found, spans, strict=True):
        if len(data) != end - start:
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


async def _awaited(call: Awaitable[bytes]) -> bytes:
    return await call


def _first(faults: BaseExceptionGroup[SourceError]) -> SourceError:
    for fault in faults.exceptions:
        return fault if isinstance(fault, SourceError) else _first(fault)
    raise AssertionError("an exception group is never empty")


def changed(key: str) -> SourceError:
    """An object that has other bytes than when it was listed."""
    return SourceError(
        Fault.CORRUPT, f"{key} changed since it was listed", hint="run again when nothing writes there any more"
    )
