"""Any other URL, through the fsspec filesystem that is registered for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from core.errors import Fault, SourceError
from core.secrets import mask
from core.sources.locations import Location
from core.sources.stores.base import Span
from core.sources.stores.faults import Place, fault
from core.sources.stores.keys import Row, page

_PAGE = 1_000
_ETAGS = ("ETag", "etag", "md5Hash", "checksum", "md5")
_TIMES = ("LastModified", "last_modified", "mtime", "modified", "updated", "created")


class FsspecStore:
    """A place of any fsspec filesystem; its synchronous verbs run in threads."""

    def __init__(self, location: Location) -> None:
        import fsspec
        from fsspec.registry import known_implementations

        self.requests: Counter[str] = Counter()
        self._place = Place(location.shown, "the driver's own")
        try:
            self._fs, self._path = fsspec.url_to_fs(location.url)
        except ImportError as error:
            known = known_implementations.get(location.scheme, {})
            hint = mask(str(known.get("err") or error))
            text = f"{location.shown} needs a driver for {location.scheme}:// that is not installed"
            raise SourceError(Fault.MISSING_DRIVER, text, hint=hint) from error
        except ValueError as error:
            text = f"{location.shown}: no driver knows {location.scheme}://"
            raise SourceError(Fault.UNSUPPORTED, text, hint=mask(str(error))) from error
        self._keys: dict[str, str] = {}

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        self.requests["LIST"] += 1
        try:
            rows = await asyncio.to_thread(self._find)
        except Exception as error:
            raise fault(error, self._place) from error
        for at in range(0, len(rows), _PAGE):
            yield page(rows[at : at + _PAGE], 0)

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        path = self._keys[key]
        found = []
        for start, end in spans:
            self.requests["GET"] += 1
            try:
                found.append(await asyncio.to_thread(self._fs.cat_file, path, start=start, end=end))
            except Exception as error:
                raise fault(error, self._place, key=key) from error
        return found

    async def close(self) -> None:
        pass

    def _find(self) -> list[Row]:
        root = self._path.rstrip("/")
        info = self._fs.info(self._path) if root else {"type": "directory"}
        if info["type"] == "file":
            name = root.rpartition("/")[2].partition("?")[0] or root
            found = {name: (self._path, info)}
        else:
            listed: dict[str, dict[str, Any]] = self._fs.find(self._path, detail=True)
            found = {self._below(path, root): (path, entry) for path, entry in listed.items()}
        self._keys = {key: path for key, (path, _) in found.items()}
        return [(key, self._size(key, entry), _first(entry, _ETAGS), _time(entry)) for key, (_, entry) in found.items()]

    def _below(self, path: str, root: str) -> str:
        return path[len(root) + 1 :] if root and path.startswith(f"{root}/") else path.lstrip("/")

    def _size(self, key: str, entry: dict[str, Any]) -> int:
        size = entry.get("size")
        if size is None:
            text = f"{self._place.shown} ({key}) does not tell its size, so it cannot be read in ranges"
            raise SourceError(Fault.UNSUPPORTED, text, hint="copy it to a folder and name that")
        return int(size)


def _first(entry: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((str(entry[name]) for name in names if entry.get(name) is not None), None)


def _time(entry: dict[str, Any]) -> datetime | None:
    for name in _TIMES:
        value = entry.get(name)
        if isinstance(value, datetime):
            return value
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                continue
    return None
