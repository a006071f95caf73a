"""Trying a source: can it be reached, and what lies there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from core.callers import Reach
from core.connections import Connection
from core.databases.open import open_database
from core.errors import Fault, SourceError
from core.extract_database import in_thread
from core.sources.locations import Kind, Location, locate
from core.sources.stores.base import Store
from core.sources.stores.open import open_store

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What the first page of a listing told, or a database's catalog.

    `keys` are the first of the `count` objects on it (`schema.table` of a database); `more` when other
    pages follow.
    """

    location: str
    kind: str
    keys: tuple[str, ...]
    count: int
    more: bool
    requests: int
    seconds: float

    @property
    def noun(self) -> str:
        """What was found: objects, or tables (and views)."""
        return "table" if self.kind == Kind.DATABASE else "object"


async def probe(
    path: str, source_type: str = "auto", connection: Connection | None = None, *, limit: int = 20
) -> Probe:
    """List the first page of a source that holds anything, or a database's tables, and give the first `limit`.

    Raises:
        NuvynError: the path can't be placed, or the source can't be listed or does not answer in time.
    """
    return await probe_reached(Reach(locate(path, source_type, connection=connection), connection), limit=limit)


async def probe_reached(reached: Reach, *, limit: int = 20) -> Probe:
    """Like `probe`, of a place that is found already."""
    location = reached.location
    work = _catalog(reached, limit) if location.kind is Kind.DATABASE else _listing(reached, limit)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await work
    except TimeoutError:
        raise SourceError(Fault.TIMEOUT, f"{location.shown} did not answer within {TIMEOUT_S:g} s") from None


async def _listing(reached: Reach, limit: int) -> Probe:
    store = open_store(reached.location, reached.connection, max_concurrency=4, guard=reached.guard)
    try:
        return await _first_page(store, reached.location, limit)
    finally:
        await store.close()


async def _catalog(reached: Reach, limit: int) -> Probe:
    began, location = time.monotonic(), reached.location
    connection, catalog = open_database(
        location, reached.connection, statement_timeout_s=TIMEOUT_S, guard=reached.guard
    )
    try:
        found = await in_thread(
            connection, lambda: [r.full_name for r in catalog.relations(connection, lambda _: None)]
        )
    finally:
        await asyncio.to_thread(connection.close)
    seconds, requests = time.monotonic() - began, connection.requests.total()
    return Probe(location.shown, location.kind.value, tuple(found[:limit]), len(found), False, requests, seconds)


async def _first_page(store: Store, location: Location, limit: int) -> Probe:
    began = time.monotonic()
    keys: list[str] = []
    count, more = 0, False
    async for page in store.pages():
        # A cloud may answer with an empty page though others follow.
        if count:
            more = True
            break
        count = len(page)
        keys = page.column("key").slice(0, limit).to_pylist()
    seconds = time.monotonic() - began
    return Probe(location.shown, location.kind.value, tuple(keys), count, more, store.requests.total(), seconds)
