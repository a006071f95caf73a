"""One file of a lake as an fsspec file system of its own, for libraries that open files through one."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from fsspec import AbstractFileSystem

from core.formats.blocking import Ranges

PROTOCOL = "nuvynlake"
URL = f"{PROTOCOL}://file"


class RangeFile(io.RawIOBase):
    """Reads through `Ranges`."""

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges, self._at = ranges, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._ranges.opened.size)[whence]
        return self._at

    def read(self, count: int = -1) -> bytes:
        end = self._ranges.opened.size if count < 0 else self._at + count
        data = self._ranges.read(self._at, end)
        self._at += len(data)
        return data


class RangeFileSystem(AbstractFileSystem):  # type: ignore[misc] # fsspec has no types
    """Holds nothing but the file at `URL`."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, ranges: Ranges) -> None:
        super().__init__()
        self._ranges = ranges

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        if path not in (URL, self._strip_protocol(URL)):
            raise FileNotFoundError(path)
        return {"name": path, "size": self._ranges.opened.size, "type": "file"}

    def modified(self, path: str) -> datetime:
        return datetime.fromtimestamp(0, UTC)

    def open(self, path: str, mode: str = "rb", *_: Any, **__: Any) -> RangeFile:
        if mode != "rb":
            raise PermissionError(path)
        self.info(path)
        return RangeFile(self._ranges)
