"""Folders and files of this machine: one scandir a folder, one open a read, in threads.

To give a thread a read and get its answer costs more than the read itself where the disk is quick. So reads that are
asked for together go to a thread together: as many as take a few milliseconds, one by one where each takes longer.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.guard import Guard
from core.sources.stores.base import Span
from core.sources.stores.local_names import key_of, path_of
from core.sources.stores.local_walk import Walk
from core.sources.stores.spans import changed

_MOST_THREADS = 32
_MOST_TOGETHER = 16
_TOGETHER_S = 0.002
# Reads that take no longer than this gain nothing by a second thread: Python itself is what they wait for.
_QUICK_S = 0.0001
_FEWEST_BUSY = 1
_LEAST_S = 1e-6
# How much a batch's time a read counts in what reads are expected to take.
_WEIGHT = 0.2


_Answers = tuple[list[list[bytes] | Exception], float]


@dataclass(slots=True)
class _Asked:
    """A read that waits for its turn; `answer` is set on the event loop."""

    path: str
    key: str
    spans: Sequence[Span]
    answer: asyncio.Future[list[bytes]]


class LocalStore:
    """One folder with all below it, or one file; a folder listed is a LIST, a span read a GET."""

    def __init__(self, root: str, *, threads: int, guard: Guard | None = None) -> None:
        self.requests: Counter[str] = Counter()
        self._root = root
        self._one_file = False
        self._guard = guard
        self._walk = Walk(root, self.requests, guard)
        self._threads = ThreadPoolExecutor(max_workers=min(threads, _MOST_THREADS), thread_name_prefix="local")
        self._asked: deque[_Asked] = deque()
        self._most_busy = min(threads, _MOST_THREADS)
        self._busy = 0
        self._due = False
        self._read_s = _QUICK_S

    @property
    def warnings(self) -> list[str]:
        return self._walk.warnings()

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        loop = asyncio.get_running_loop()
        self._walk = Walk(self._root, self.requests, self._guard)
        try:
            self._one_file = not await loop.run_in_executor(self._threads, self._walk.is_folder)
            # Pulled a page at a time, so that memory stays flat however slow the reader is.
            batches = self._walk.batches()
            while (batch := await loop.run_in_executor(self._threads, next, batches, None)) is not None:
                yield batch
        except OSError as error:
            raise _fault(error, self._root) from error

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        self.requests["GET"] += len(spans)
        path = self._root if self._one_file else os.path.join(self._root, path_of(key))
        loop = asyncio.get_running_loop()
        asked = _Asked(path, key, spans, loop.create_future())
        self._asked.append(asked)
        if not self._due:
            self._due = True
            loop.call_soon(self._give_out)
        try:
            return await asked.answer
        except OSError as error:
            raise _fault(error, path) from error

    def _give_out(self) -> None:
        """Give threads what was asked for: to few threads many reads, or to many threads one each."""
        self._due = False
        busy = min(self._most_busy, max(_FEWEST_BUSY, int(self._read_s / _QUICK_S)))
        together = max(1, min(_MOST_TOGETHER, int(_TOGETHER_S / self._read_s)))
        while self._asked and self._busy < busy:
            batch = [self._asked.popleft() for _ in range(min(together, len(self._asked)))]
            self._busy += 1
            answer = asyncio.get_running_loop().run_in_executor(self._threads, _read_all, batch)
            answer.add_done_callback(partial(self._answer, batch))

    def _answer(self, batch: Sequence[_Asked], done: asyncio.Future[_Answers]) -> None:
        self._busy -= 1
        if done.cancelled():  # the store was closed
            for each in batch:
                each.answer.cancel()
            return
        answers, seconds = done.result()
        self._read_s += _WEIGHT * (max(seconds, _LEAST_S) - self._read_s)
        for each, answer in zip(batch, answers, strict=True):
            if each.answer.done():
                continue
            if isinstance(answer, Exception):
                each.answer.set_exception(answer)
            else:
                each.answer.set_result(answer)
        self._give_out()

    async def close(self) -> None:
        self._asked.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)


def _read_all(batch: Sequence[_Asked]) -> _Answers:
    """What each read gave, or why it failed, and the seconds that one takes."""
    answers: list[list[bytes] | Exception] = []
    moments = [perf_counter()]
    for each in batch:
        try:
            answers.append(_read(each.path, each.key, each.spans))
        except Exception as error:
            answers.append(error)
        moments.append(perf_counter())
    # Not the mean: now and then a thread waits for Python itself, which says nothing of the disk.
    return answers, median(end - start for start, end in pairwise(moments))


def _read(path: str, key: str, spans: Sequence[Span]) -> list[bytes]:
    # A pipe that took the file's place must not block the run.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb", buffering=0) as file:
        found = []
        for start, end in spans:
            file.seek(start)
            parts = []
            while start < end and (data := file.read(end - start)):
                parts.append(data)
                start += len(data)
            if start != end:
                raise changed(key)
            found.append(b"".join(parts))
        return found


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
