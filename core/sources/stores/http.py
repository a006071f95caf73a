"""One file behind an `http(s)://` URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.guard import Guard
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault, refused, retry_after
from core.sources.stores.page import listing_batch
from core.sources.stores.spans import fetch_spans, read_most

_CONNECT_S, _READ_S = 10, 60
_MOST_COUNTED = 64 << 20


class HttpStore:
    """A web server has no listing: the size is asked for with a GET of the first byte.

    Many servers answer HEAD with another size than GET, or not at all.
    """

    def __init__(self, location: Location, guard: Guard | None = None) -> None:
        try:
            import aiohttp  # noqa: F401 - asked for here, so that a missing package is told at once
        except ImportError as error:
            raise SourceError(
                Fault.MISSING_DRIVER,
                f"{location.shown}: reading {location.scheme}:// needs aiohttp",
                hint="pip install aiohttp",
            ) from error
        self.requests: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._url = location.url
        self._guard = guard
        self._place = Place(location.shown, credentials="the URL")
        path = unquote(urlsplit(location.url).path)
        self._name = path.rpartition("/")[2] or location.shown
        self._session: Any = None

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        status, headers, _ = await self._get(0, 1, None)
        told = (
            headers.get("Content-Length", "") if status == 200 else headers.get("Content-Range", "").rpartition("/")[2]
        )
        size = 0 if status == 416 else int(told) if told.isdigit() else await self._counted(status)
        when = headers.get("Last-Modified")
        try:
            modified = int(parsedate_to_datetime(when).timestamp()) * 1_000_000 if when else None
        except ValueError:
            modified = None
        yield listing_batch([self._name], [size], [headers.get("ETag")], [modified])

    async def _counted(self, status: int) -> int:
        """The size of a file that its server does not tell, by reading it."""
        if status != 206:
            data = (await self._get(0, _MOST_COUNTED + 1, None))[2]
            if len(data) <= _MOST_COUNTED:
                return len(data)
        text = f"{self._place.shown} does not tell its size"
        raise SourceError(Fault.UNSUPPORTED, text, hint="copy it to a folder and name that")

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        async def fetch(start: int, end: int) -> bytes:
            return (await self._get(start, end, key))[2]

        return await fetch_spans(fetch, key, spans)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _get(self, start: int, end: int, key: str | None) -> tuple[int, Mapping[str, str], bytes]:
        import aiohttp

        if self._session is None:
            limits = aiohttp.ClientTimeout(sock_connect=_CONNECT_S, sock_read=_READ_S)
            connector = aiohttp.TCPConnector(**(self._guard.connector() if self._guard else {}))
            self._session = aiohttp.ClientSession(
                trust_env=True, timeout=limits, auto_decompress=False, connector=connector
            )
        self.requests["GET"] += 1
        # A compressed answer has another size, and ranges of other bytes.
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        try:
            async with self._session.get(self._url, headers=headers) as answer:
                if answer.status == 416 and key is None:
                    return 416, answer.headers, b""  # An empty file has no first byte.
                status, found = answer.status, answer.headers
                # A server that knows no ranges answers 200 with everything.
                skip = start if status == 200 else 0
                data = b"" if status >= 400 else await read_most(answer.content, end - start, skip=skip)
        except Exception as error:
            raise fault(error, self._place, key=key) from error
        if status not in (200, 206):
            raise refused(self._place, status, None, key=key, retry_after=retry_after(found))
        return status, found, data
