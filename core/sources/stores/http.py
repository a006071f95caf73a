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
from core.sources.stores.paging import listing_batch
from core.sources.stores.spans import fetch_spans

_CONNECT_S, _READ_S = 10, 60
_MOST_WHOLE = 64 << 20


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
        status, headers, data = await self._get(0, 1, None)
        size = len(data)
        total = headers.get("Content-Range", "").rpartition("/")[2]
        if status == 206 and total.isdigit():
            size = int(total)
        elif status == 206:
            text = f"{self._place.shown} does not tell its size"
            raise SourceError(Fault.UNSUPPORTED, text, hint="copy it to a folder and name that")
        when = headers.get("Last-Modified")
        try:
            modified = int(parsedate_to_datetime(when).timestamp()) * 1_000_000 if when else None
        except ValueError:
            modified = None
        yield listing_batch([self._name], [size], [headers.get("ETag")], [modified])

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        async def fetch(start: int, end: int) -> bytes:
            status, _, data = await self._get(start, end, key)
            # A server that knows no ranges answers 200 with everything.
            return data[: end - start] if status == 206 else data[start:end]

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
                # An empty file has no first byte; its size is in Content-Range all the same.
                if answer.status == 416 and key is None:
                    return 200, answer.headers, b""
                status, found = answer.status, answer.headers
                whole = status == 200
                data = b"" if status >= 400 else await _read(answer, _MOST_WHOLE if whole else end - start)
                if whole and len(data) > _MOST_WHOLE:
                    text = f"{self._place.shown} is not read in parts by its server, and too large to be read whole"
                    raise SourceError(Fault.UNSUPPORTED, text, hint="copy it to a folder and name that")
        except Exception as error:
            raise fault(error, self._place, key=key) from error
        if status not in (200, 206):
            raise refused(self._place, status, None, key=key, retry_after=retry_after(found))
        return status, found, data


async def _read(answer: Any, most: int) -> bytes:
    """An answer's body; of one that is longer than `most`, a little more than that."""
    data = bytearray()
    async for part in answer.content.iter_any():
        data += part
        if len(data) > most:
            break
    return bytes(data)
