"""Folders and files of this machine, without a layer in between: one scandir a folder."""

from __future__ import annotations

import asyncio
import os
import stat
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.stores.base import LISTING, Span

_PAGE = 2_000


class LocalStore:
    """One folder with all below it, or one file. Links to folders are followed, each folder once.

    Names that are no UTF-8 are listed with the stray bytes as `\\udcXX` written out, and read back
    from that; a folder that may not be read is an entry of `unreadable`.
    """

    def __init__(self, root: str, *, threads: int) -> None:
        self.requests: Counter[str] = Counter()
        self.unreadable: list[str] = []
        self._root = root
        self._one_file = False
        self._threads = ThreadPoolExecutor(max_workers=min(threads, 8), thread_name_prefix="local")

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        loop = asyncio.get_running_loop()
        walk = await loop.run_in_executor(self._threads, self._start)
        while (page := await loop.run_in_executor(self._threads, next, walk, None)) is not None:
            yield page

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        self.requests["GET"] += len(spans)
        path = self._root if self._one_file else os.path.join(self._root, _to_name(key))
        return await asyncio.get_running_loop().run_in_executor(self._threads, _read, path, key, list(spans))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> Iterator[pa.RecordBatch]:
        self.requests["LIST"] += 1
        try:
            found = os.stat(self._root)
        except OSError as error:
            raise _fault(error, self._root) from error
        if stat.S_ISDIR(found.st_mode):
            try:
                os.scandir(self._root).close()
            except OSError as error:
                raise _fault(error, self._root) from error
            return self._walk(found)
        self._one_file = True
        name = os.path.basename(self._root)
        return iter([_page([(_to_key(name), found.st_size, found.st_mtime_ns // 1000)])])

    def _walk(self, root: os.stat_result) -> Iterator[pa.RecordBatch]:
        rows: list[tuple[str, int, int]] = []
        seen = {(root.st_dev, root.st_ino)}
        folders = [""]
        while folders:
            folder = folders.pop()
            self.requests["LIST"] += 1
            try:
                entries = os.scandir(os.path.join(self._root, folder))
            except OSError:
                self.unreadable.append(_to_key(folder))
                continue
            with entries:
                for entry in entries:
                    name = f"{folder}{entry.name}"
                    try:
                        if entry.is_dir():
                            found = entry.stat()
                            if (found.st_dev, found.st_ino) not in seen:
                                seen.add((found.st_dev, found.st_ino))
                                folders.append(f"{name}/")
                            continue
                        found = entry.stat()
                    except OSError:
                        # A link to nothing, or gone since the folder was read.
                        continue
                    if stat.S_ISREG(found.st_mode):
                        rows.append((_to_key(name), found.st_size, found.st_mtime_ns // 1000))
                    if len(rows) >= _PAGE:
                        yield _page(rows)
                        rows = []
        if rows:
            yield _page(rows)


def _page(rows: list[tuple[str, int, int]]) -> pa.RecordBatch:
    keys, sizes, times = zip(*rows, strict=True)
    columns = [
        pa.array(keys, pa.string()),
        pa.array(sizes, pa.int64()),
        pa.nulls(len(rows), pa.string()),
        pa.array(times, pa.timestamp("us")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=LISTING)


def _to_key(name: str) -> str:
    """A file name as a key that UTF-8 can hold; see the class."""
    if os.sep != "/":
        name = name.replace(os.sep, "/")
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "backslashreplace").decode()
    return name


def _to_name(key: str) -> str:
    """The inverse of `_to_key` for names that needed it; a key that is a name as it is comes first."""
    if "\\udc" not in key:
        return key
    parts = key.split("\\udc")
    return parts[0] + "".join(
        chr(0xDC00 + int(part[:2], 16)) + part[2:] if _is_hex(part[:2]) else f"\\udc{part}" for part in parts[1:]
    )


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(c in "0123456789abcdef" for c in text)


def _read(path: str, key: str, spans: list[Span]) -> list[bytes]:
    try:
        # A pipe or device that took a file's place must not block the run.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb", buffering=0) as file:
            found = []
            for start, end in spans:
                file.seek(start)
                parts = []
                while start < end and (data := file.read(end - start)):
                    parts.append(data)
                    start += len(data)
                found.append(b"".join(parts))
            return found
    except OSError as error:
        raise _fault(error, key) from error


def _fault(error: OSError, path: str) -> SourceError:
    shown = _to_key(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceError(Fault.NOT_FOUND, f"{shown} does not exist", hint="correct data_source_path")
    if isinstance(error, PermissionError):
        return SourceError(
            Fault.DENIED, f"{shown} may not be read by this user", hint="give read permission, or run as another user"
        )
    return SourceError(Fault.UNAVAILABLE, f"{shown} cannot be read: {error.strerror}", transient=True)
