"""Any other URL, through the fsspec filesystem that is registered for its scheme."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import pyarrow as pa

from core.connections import Connection
from core.errors import Fault, SourceError
from core.secrets import mask
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault
from core.sources.stores.page import listing_batch
from core.sources.stores.spans import fetch_spans

T = TypeVar("T")

_PAGE = 1_000
_MOST_THREADS = 32
_ETAGS = ("ETag", "etag", "md5Hash", "checksum", "md5", "sha256")
_TIMES = ("LastModified", "last_modified", "mtime", "modified", "updated", "created")


class FsspecStore:
    """A place of any fsspec filesystem, whose blocking verbs run in threads.

    `requests` counts what was asked of the filesystem: how many it sends for one is its own affair.
    """

    def __init__(self, location: Location, connection: Connection | None, *, threads: int) -> None:
        import fsspec

        self.requests: Counter[str] = Counter()
        self.warnings: list[str] = []
        self._shown = location.shown
        described = f"connection {connection.name}" if connection else "the driver's own configuration"
        self._place = Place(location.shown, credentials=described)
        options = _options(connection) if connection else {}
        try:
            self._fs, self._path = fsspec.url_to_fs(location.url, **options)
        except ImportError as error:
            raise _missing(location, error) from error
        except ValueError as error:
            text = f"{location.shown}: no driver knows {location.scheme}://"
            raise SourceError(Fault.UNSUPPORTED, text, hint=mask(str(error))) from error
        except Exception as error:
            raise fault(error, self._place) from error
        self._root = str(self._path).rstrip("/")
        self._one_file = False
        self._threads = ThreadPoolExecutor(max_workers=min(threads, _MOST_THREADS), thread_name_prefix="fsspec")

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        self.requests["LIST"] += 1
        found: dict[str, dict[str, Any]] = await self._call(self._find, None)
        # Nothing is found below an empty folder, and below one that isn't there.
        if not found and self._root and not await self._call(lambda: self._fs.exists(self._path), None):
            text = f"nothing is stored under {self._shown}"
            raise SourceError(Fault.NOT_FOUND, text, hint="check the path's spelling")
        self._one_file = list(found) == [self._root]
        entries = list(found.items())
        for at in range(0, len(entries), _PAGE):
            page = entries[at : at + _PAGE]
            yield listing_batch(
                [self._key(path) for path, _ in page],
                [self._size(path, entry) for path, entry in page],
                [_first(entry, _ETAGS) for _, entry in page],
                [_micros(entry) for _, entry in page],
            )

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        path = self._root if self._one_file else f"{self._root}/{key}" if self._root else key

        async def fetch(start: int, end: int) -> bytes:
            self.requests["GET"] += 1
            return bytes(await self._call(lambda: self._fs.cat_file(path, start=start, end=end), key))

        return await fetch_spans(fetch, key, spans)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _call(self, verb: Callable[[], T], key: str | None) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, verb)
        except Exception as error:
            raise fault(error, self._place, key=key) from error

    def _find(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self._fs.find(self._path, detail=True)
        return found

    def _key(self, path: str) -> str:
        if self._one_file:
            return path.rpartition("/")[2]
        return path[len(self._root) + 1 :] if self._root else path

    def _size(self, path: str, entry: dict[str, Any]) -> int:
        size = entry.get("size")
        if size is None:
            text = f"{self._shown}: the size of {mask(path)} is not known, so ranges of it cannot be read"
            raise SourceError(Fault.UNSUPPORTED, text, hint="copy the files to a folder and name that")
        return int(size)


def _options(connection: Connection) -> dict[str, Any]:
    """What the driver is called with: all that the connection says but what is ours."""
    named = {"password": connection.password, "endpoint_url": connection.endpoint_url}
    return {**connection.extra, **{name: value for name, value in named.items() if value is not None}}


def _missing(location: Location, error: ImportError) -> SourceError:
    from fsspec.registry import known_implementations

    known = known_implementations.get(location.scheme, {})
    return SourceError(
        Fault.MISSING_DRIVER,
        f"{location.shown}: the driver for {location.scheme}:// is not installed",
        hint=mask(str(known.get("err") or error)),
    )


def _first(entry: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((str(entry[name]) for name in names if entry.get(name) is not None), None)


def _micros(entry: dict[str, Any]) -> int | None:
    for name in _TIMES:
        value = entry.get(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                continue
        if isinstance(value, datetime):
            value = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value * 1_000_000)
    return None
