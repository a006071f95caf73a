"""Azure Blob Storage and ADLS Gen2, through adlfs: its credentials and client, our pages and ranges.

Both speak the blob endpoint: it lists flat, where the DFS one wants a request a folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.credentials import AzureCredential
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault
from core.sources.stores.keys import Root, Row

_CONNECT_S, _READ_S = 10, 60
_PUBLIC = "core.windows.net"


class AzureStore:
    """One container below a prefix."""

    def __init__(self, location: Location, credential: AzureCredential, *, max_concurrency: int) -> None:
        try:
            import adlfs  # noqa: F401 - asked for here, so that a missing extra is told before any request
        except ImportError as error:
            raise SourceError(
                Fault.MISSING_DRIVER, "reading Azure storage needs the package adlfs", hint="pip install 'nuvyn[azure]'"
            ) from error
        if credential.account is None and credential.connection_string is None:
            raise SourceError(
                Fault.CREDENTIALS,
                f"{location.shown} names no storage account",
                hint="write abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/…, or set AZURE_STORAGE_ACCOUNT_NAME",
            )
        self.requests: Counter[str] = Counter()
        self._container_name = location.container
        self._root = Root(location.path, location.shown)
        self._place = Place(location.shown, credential.described)
        self._credential = credential
        self._max_concurrency = max_concurrency
        self._service: Any = None
        self._identity: Any = None
        self._container: Any = None

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        async for page in self._root.pages(self._list):
            yield page

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        container = await self._connect()
        found = []
        for start, end in spans:
            self.requests["GET"] += 1
            try:
                blob = container.get_blob_client(self._root.full(key))
                stream = await blob.download_blob(offset=start, length=end - start, max_concurrency=1)
                found.append(await stream.readall())
            except Exception as error:
                raise fault(error, self._place, key=key) from error
        return found

    async def close(self) -> None:
        service, identity = self._service, self._identity
        self._service = self._identity = self._container = None
        for client in (service, identity):
            if client is not None:
                await client.close()

    async def _list(self, prefix: str) -> AsyncIterator[list[Row]]:
        container = await self._connect()
        pages = container.list_blobs(name_starts_with=prefix or None).by_page()
        while True:
            self.requests["LIST"] += 1
            try:
                page = await anext(pages)
                rows: list[Row] = [(b.name, b.size, b.etag, b.last_modified) async for b in page]
            except StopAsyncIteration:
                # The end is known without another request.
                self.requests["LIST"] -= 1
                return
            except Exception as error:
                raise fault(error, self._place) from error
            yield rows

    async def _connect(self) -> Any:
        if self._container is None:
            try:
                self._service = self._open()
                self._container = self._service.get_container_client(self._container_name)
            except Exception as error:
                raise fault(error, self._place) from error
        return self._container

    def _open(self) -> Any:
        from azure.storage.blob.aio import BlobServiceClient

        use = self._credential
        options: dict[str, Any] = {
            # Tries are ours to count and to space out.
            "retry_total": 0,
            "connection_timeout": _CONNECT_S,
            "read_timeout": _READ_S,
            # One GET a range, however long.
            "max_single_get_size": 1 << 30,
            "logging_enable": False,
        }
        if use.connection_string is not None:
            return BlobServiceClient.from_connection_string(use.connection_string, **options)
        url = use.endpoint or f"https://{use.account}.blob.{_PUBLIC}"
        if use.sas is not None:
            return BlobServiceClient(f"{url}?{use.sas}", **options)
        if use.account_key is not None:
            key = {"account_name": use.account, "account_key": use.account_key}
            return BlobServiceClient(url, credential=key, **options)
        if use.identity:
            from azure.identity.aio import DefaultAzureCredential

            self._identity = DefaultAzureCredential(process_timeout=10)
            return BlobServiceClient(url, credential=self._identity, **options)
        return BlobServiceClient(url, **options)
