"""Azure Blob Storage and ADLS Gen2, through the asynchronous client that adlfs is built on.

Both speak the blob endpoint: it lists flat, where the DFS one wants a request a folder. Requests
go through the client's pipeline, which signs them, but are written and their answers read here:
the client's own verbs build an object a blob (25 times the time), send extra requests for long
ranges, and undo a content encoding that ranges cannot have.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.credentials import AzureCredential
from core.sources.guard import Guard
from core.sources.locations import Location
from core.sources.stores.azure_client import MOST_PAGE, AzureClient
from core.sources.stores.azure_xml import error_of, page_of
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault, refused, retry_after
from core.sources.stores.page import Page
from core.sources.stores.paging import PrefixPages
from core.sources.stores.spans import fetch_spans

_PAGE = 5_000


class AzureStore:
    """One container below a path."""

    def __init__(
        self, location: Location, credential: AzureCredential, *, max_concurrency: int, guard: Guard | None = None
    ) -> None:
        try:
            import aiohttp  # noqa: F401 - asked for here, so that a missing extra is told at once
            import azure.storage.blob.aio  # noqa: F401
        except ImportError as error:
            raise SourceError(
                Fault.MISSING_DRIVER,
                f"{location.shown}: reading Azure storage needs adlfs",
                hint="pip install 'nuvyn[azure]'",
            ) from error
        self.requests: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._client = AzureClient(location, credential, max_concurrency=max_concurrency, guard=guard)
        self._path, self._shown = location.path, location.shown
        self._max_concurrency = max_concurrency
        self._listing = self._pages()

    def pages(self) -> AsyncIterator[pa.RecordBatch]:
        self._listing = self._pages()
        return self._listing

    @property
    def place(self) -> Place:
        return self._client.place

    def whole(self, key: str) -> str:
        return self._listing.root + key

    async def twin(self) -> Any:
        return await self._client.twin()

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        name = quote(self.whole(key), safe="/~")

        async def fetch(start: int, end: int) -> bytes:
            wanted = {"x-ms-range": f"bytes={start}-{end - 1}"}
            return await self._get(f"/{name}", wanted, "GET", key, span=(start, end))

        return await fetch_spans(fetch, key, spans)

    async def close(self) -> None:
        await self._listing.close()
        await self._client.close()

    def _pages(self) -> PrefixPages:
        return PrefixPages(self._page, self._path, self._shown, at_once=self._max_concurrency)

    async def _page(self, prefix: str, token: str | None, one_level: bool) -> Page:
        query = {"restype": "container", "comp": "list", "maxresults": str(_PAGE)}
        query |= {"prefix": prefix} if prefix else {}
        query |= {"marker": token} if token else {}
        query |= {"delimiter": "/"} if one_level else {}
        data = await self._get(f"?{urlencode(query, quote_via=quote)}", {}, "LIST", None)
        try:
            # Five thousand entries take a good part of a second: not on the event loop.
            return await asyncio.to_thread(page_of, data)
        except ValueError as error:
            raise SourceError(
                Fault.UNAVAILABLE, f"listing {self._shown} failed: the answer is no listing", transient=True
            ) from error

    async def _get(
        self, below: str, headers: Mapping[str, str], kind: str, key: str | None, *, span: Span = (0, MOST_PAGE)
    ) -> bytes:
        """The body of one GET below the container's URL, `span` of it.

        Raises:
            SourceError: it is answered otherwise than with 200 or 206.
        """
        try:
            await self._client.open()
            self.requests[kind] += 1
            status, found, data = await self._client.get(below, headers, span)
        except Exception as error:
            raise fault(error, self._client.place, key=key) from error
        if status not in (200, 206):
            code, detail = error_of(data)
            code = found.get("x-ms-error-code") or code
            raise refused(self._client.place, status, code, detail=detail, key=key, retry_after=retry_after(found))
        return data
