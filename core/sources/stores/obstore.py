"""Reads through obstore, a client in Rust: a tenth of the CPU a request of the Python clients.

The Python clients list, sign in and find out where a bucket is; obstore reads what was listed, with what they
found out. It cannot name every key, and does not know every way through a proxy or to trust a server, so whatever
it cannot read is asked of the Python client before it counts as an error. Where that one can, the source goes on
with it and says so.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.stores.base import Span, Store
from core.sources.stores.faults import Place, refused
from core.sources.stores.spans import fetch_spans

CLIENT_OPTIONS: ClientConfig = {
    "allow_http": True,
    "connect_timeout": timedelta(seconds=10),
    "timeout": timedelta(minutes=2),
}
NO_RETRIES: RetryConfig = {"max_retries": 0}
"""The caller tries again: it counts the tries, spaces them out and sends fewer at once."""

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_KIND = re.compile(r"kind: (\w+)")
# So many faults that the Python client had as well, and they are the server's.
_ENOUGH_CONFIRMED = 16


class Twinned(Store, Protocol):
    """A store of a Python client that can say how obstore does the same."""

    @property
    def place(self) -> Place:
        """What errors say of it."""
        ...

    def whole(self, key: str) -> str:
        """A listed key with what stands before it in the bucket or container."""
        ...

    async def twin(self) -> Any:
        """The same bucket or container as a store of obstore's; None as long as no server has answered."""
        ...


class ObstoreStore:
    """Lists through a Python client and reads through obstore."""

    def __init__(self, python: Twinned) -> None:
        self._python = python
        self._opening = asyncio.Lock()
        self._twin: Any = None
        self._get_range: Any = None
        self._handed_over = False
        self._proven = False
        self._confirmed = 0
        self._told: list[str] = []

    @property
    def requests(self) -> Counter[str]:
        return self._python.requests

    @property
    def warnings(self) -> Sequence[str]:
        return [*self._python.warnings, *self._told]

    def pages(self) -> AsyncIterator[pa.RecordBatch]:
        return self._python.pages()

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        whole = self._python.whole(key)
        # obstore drops a slash at either end in silence.
        if self._handed_over or whole[:1] == "/" or whole[-1:] == "/":
            return await self._python.read(key, spans)
        if self._twin is None and not await self._open():
            return await self._python.read(key, spans)

        try:
            found = await fetch_spans(partial(self._fetch, whole, key), key, spans)
        except _Unnamed:
            return await self._python.read(key, spans)
        except SourceError as error:
            return await self._confirm(error, key, spans)
        self._proven = True
        return found

    async def _fetch(self, whole: str, key: str, start: int, end: int) -> bytes:
        self._python.requests["GET"] += 1
        try:
            data: bytes = (await self._get_range(self._twin, whole, start=start, end=end)).to_bytes()
        except ValueError as error:
            self._python.requests["GET"] -= 1
            raise _Unnamed(Fault.UNSUPPORTED, "obstore cannot name it") from error
        except Exception as error:
            raise _fault(error, self._python.place, key) from None
        return data

    async def look(self) -> None:
        """Ask for one page, by which it is known where the bucket is: for who reads what another listed."""
        await anext(self._python.pages(), None)

    async def close(self) -> None:
        self._twin = None
        await self._python.close()

    async def _open(self) -> bool:
        import obstore

        async with self._opening:
            if self._twin is None:
                self._get_range = obstore.get_range_async
                self._twin = await self._python.twin()
        return self._twin is not None

    async def _confirm(self, fault: SourceError, key: str, spans: Sequence[Span]) -> list[bytes]:
        """Ask the Python client for what obstore could not read, unless the fault is plainly the server's.

        Raises:
            SourceError: it cannot be read by that one either.
        """
        if fault.throttled or (fault.transient and self._proven) or self._confirmed >= _ENOUGH_CONFIRMED:
            raise fault
        try:
            found = await self._python.read(key, spans)
        except SourceError:
            self._confirmed += 1
            raise
        if not self._handed_over:
            self._handed_over = True
            self._told.append(f"read with the Python client, since obstore could not: {fault.message}")
        return found


class _Unnamed(SourceError):
    """The key has a segment that obstore cannot name; no request was made."""


def _fault(error: Exception, place: Place, key: str) -> SourceError:
    """The error for what obstore raised, whose own text may hold a signed URL."""
    text = str(error)
    if status := _STATUS.search(text):
        code = _CODE.search(text)
        return refused(place, int(status[1]), code[1] if code else None, key=key)
    kind = _KIND.search(text)
    said = kind[1].lower() if kind else type(error).__name__
    doing = f"reading {key} of {place.shown} failed"
    if said == "timeout":
        hint = "check the network and proxy"
        return SourceError(Fault.TIMEOUT, f"{doing}: the server did not answer in time", hint=hint, transient=True)
    return SourceError(
        Fault.UNAVAILABLE, f"{doing}: the connection broke ({said})", hint="check the network", transient=True
    )
