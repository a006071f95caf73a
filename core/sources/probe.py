"""Trying a source: can it be reached, and what lies there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from core.connections import Connection
from core.errors import Fault, SourceError
from core.sources.locations import Kind, locate
from core.sources.stores.open import open_store

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first page of a listing told. `more` when there is another page or entry."""

    location: str
    kind: str
    keys: tuple[str, ...]
    count: int
    more: bool
    requests: int
    seconds: float


async def probe(
    path: str, source_type: str = "auto", connection: Connection | None = None, *, limit: int = 20
) -> Probe:
    """List the first page of a source and give its first keys.

    Raises:
        NuvynError: the path can't be placed, or the source can't be listed or does not answer in time.
    """
    location = locate(path, source_type, connection=connection)
    if location.kind is Kind.DATABASE:
        raise SourceError(Fault.UNSUPPORTED, f"{location.shown} is a database; this version reads files only")
    store = open_store(location, connection, max_concurrency=4)
    began = time.monotonic()
    keys: list[str] = []
    count = pages = 0
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for page in store.pages():
                pages += 1
                if pages > 1:
                    break
                count = len(page)
                keys = page.column("key").slice(0, limit).to_pylist()
    except TimeoutError:
        raise SourceError(Fault.TIMEOUT, f"{location.shown} did not answer within {TIMEOUT_S:g} s") from None
    finally:
        await store.close()
    seconds = time.monotonic() - began
    more = pages > 1 or count > len(keys)
    return Probe(location.shown, location.kind.value, tuple(keys), count, more, store.requests.total(), seconds)
