"""Folders and files of this machine: one scandir a folder, one open a read, in threads."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.guard import Guard
from core.sources.stores.base import Span
from core.sources.stores.local_names import key_of, path_of
from core.sources.stores.local_walk import Walk
from core.sources.stores.spans import changed

# Of a network's disk many may be read at once; more threads than this gain nothing.
_MOST_THREADS = 32


class LocalStore:
    """One folder with all below it, or one file; a folder listed is a LIST, a span read a GET."""

    def __init__(self, root: str, *, threads: int, guard: Guard | None = None) -> None:
        self.requests: Counter[str] = Counter()
        self._root = root
        self._one_file = False
        self._guard = guard
        self._walk = Walk(root, self.requests, guard)
        self.threads = ThreadPoolExecutor(min(threads, _MOST_THREADS), thread_name_prefix="local")

    @property
    def warnings(self) -> list[str]:
        return self._walk.warnings()

    @property
    def complete(self) -> bool:
        """Whether no folder had to be left out of the listing."""
        return self._walk.complete

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        loop = asyncio.get_running_loop()
        self._walk = Walk(self._root, self.requests, self._guard)
        try:
            self._one_file = not await loop.run_in_executor(self.threads, self._walk.is_folder)
            # Pulled a page at a time, so that memory stays flat however slow the reader is.
            batches = self._walk.batches()
            while (batch := await loop.run_in_executor(self.threads, next, batches, None)) is not None:
                yield batch
        except OSError as error:
            raise _fault(error, self._root) from error

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        self.requests["GET"] += len(spans)
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, self.read_now, key, spans)
        except OSError as error:
            raise _fault(error, self._path(key)) from error

    @property
    def at_hand(self) -> LocalStore:
        """This store, as what can be read without waiting (`core.engines.quick`)."""
        return self

    def read_now(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        """Like `read`, in the calling thread and without counting it; raises OSError or `SourceError`."""
        # A pipe that took the file's place must not block the run.
        file = os.open(self._path(key), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            return [_span(file, key, start, end) for start, end in spans]
        finally:
            os.close(file)

    async def close(self) -> None:
        self.threads.shutdown(wait=False, cancel_futures=True)

    def _path(self, key: str) -> str:
        return self._root if self._one_file else os.path.join(self._root, path_of(key))


def _span(file: int, key: str, start: int, end: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    found = os.read(file, end - start)
    if len(found) == end - start:
        return found
    parts = [found]  # a network's disk, or a signal, may give it in pieces
    while found and (start := start + len(found)) < end:
        found = os.read(file, end - start)
        parts.append(found)
    if not found:
        raise changed(key)
    return b"".join(parts)


def _fault(error: OSError, path: str) -> SourceError:
    shown = key_of(path)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return SourceError(Fault.NOT_FOUND, f"{shown} does not exist", hint="check the path's spelling")
    if isinstance(error, PermissionError):
        return SourceError(
            Fault.DENIED, f"{shown} may not be read by this user", hint="give read permission, or run as its owner"
        )
    # A stale or slow network file system may be well the next time; a broken name or link will not.
    again = isinstance(error, TimeoutError | ConnectionError | InterruptedError)
    return SourceError(Fault.UNAVAILABLE, f"{shown} cannot be read: {error.strerror}", transient=again)
