"""Reads of local files in threads: many in one where they are quick, each in its own where they are not.

To give a thread a read and get its answer costs more than the read itself where the disk is quick. So reads that are
asked for together go to one thread together, and only as many threads read as the time of a read is worth. A read that
hangs, as on a network file system, holds up nobody but itself: what waits behind it goes to other threads.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter

from core.sources.stores.base import Span
from core.sources.stores.spans import changed

_MOST_THREADS = 32
_MOST_TOGETHER = 16
_TOGETHER_S = 0.002
# Reads that take no longer than this gain nothing by a second thread: Python itself is what they wait for.
_QUICK_S = 0.0001
_LEAST_S = 1e-6
_LATE_S = 0.05
# How much a batch's time a read counts in what reads are expected to take.
_WEIGHT = 0.2


@dataclass(eq=False, slots=True)
class _Asked:
    """A read that waits for its turn; `answer` is set on the event loop."""

    path: str
    key: str
    spans: Sequence[Span]
    answer: asyncio.Future[list[bytes]]


@dataclass(eq=False, slots=True)
class _Batch:
    """Reads for one thread, which takes from one end of `todo` what the loop may take back while it hangs."""

    todo: deque[_Asked]
    done: deque[tuple[_Asked, list[bytes] | Exception]] = field(default_factory=deque)
    late: asyncio.TimerHandle | None = None
    begun: bool = False

    def run(self) -> float | None:
        """Read all, in a thread; the seconds that one takes."""
        self.begun = True
        moments = [perf_counter()]
        while self.todo:
            try:
                asked = self.todo.popleft()
            except IndexError:  # taken back this moment
                break
            try:
                self.done.append((asked, _read(asked.path, asked.key, asked.spans)))
            except Exception as error:
                self.done.append((asked, error))
            moments.append(perf_counter())
        # Not the mean: now and then a thread waits for Python itself, which says nothing of the disk.
        return median(end - start for start, end in pairwise(moments)) if moments[1:] else None

    def deliver(self) -> None:
        """Set what was answered so far."""
        while self.done:
            asked, answer = self.done.popleft()
            if asked.answer.done():
                continue
            if isinstance(answer, Exception):
                asked.answer.set_exception(answer)
            else:
                asked.answer.set_result(answer)


class LocalReads:
    """Reads that share at most `threads` threads; used from one event loop."""

    def __init__(self, threads: int) -> None:
        self._most = min(threads, _MOST_THREADS)
        self._threads = ThreadPoolExecutor(max_workers=self._most, thread_name_prefix="local")
        self._asked: deque[_Asked] = deque()
        self._batches: set[_Batch] = set()
        self._due = False
        self._closed = False
        self._read_s = _QUICK_S

    @property
    def threads(self) -> ThreadPoolExecutor:
        """The threads themselves, for what else blocks."""
        return self._threads

    async def read(self, path: str, key: str, spans: Sequence[Span]) -> list[bytes]:
        """The bytes of each span of one file.

        Raises:
            OSError: it cannot be read.
            SourceError: it has other bytes than when it was listed.
        """
        loop = asyncio.get_running_loop()
        asked = _Asked(path, key, spans, loop.create_future())
        self._asked.append(asked)
        if not self._due:
            self._due = True
            loop.call_soon(self._give_out)
        return await asked.answer

    def close(self) -> None:
        """Start no further read; those that wait for their turn are cancelled."""
        self._closed = True
        while self._asked:
            self._asked.popleft().answer.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _give_out(self) -> None:
        self._due = False
        if self._closed:
            return
        busy = min(self._most, max(1, int(self._read_s / _QUICK_S)))
        together = max(1, min(_MOST_TOGETHER, int(_TOGETHER_S / self._read_s)))
        while self._asked and len(self._batches) < busy:
            batch = _Batch(deque(self._asked.popleft() for _ in range(min(together, len(self._asked)))))
            self._batches.add(batch)
            loop = asyncio.get_running_loop()
            self._watch(batch)
            loop.run_in_executor(self._threads, batch.run).add_done_callback(partial(self._has_ended, batch))

    def _watch(self, batch: _Batch) -> None:
        batch.late = asyncio.get_running_loop().call_later(_LATE_S, self._is_late, batch)

    def _is_late(self, batch: _Batch) -> None:
        """Take back what waits behind a read that takes long, and let another thread have its place."""
        if not batch.begun:  # all threads hang; it has its turn when one comes back
            self._watch(batch)
            return
        self._batches.discard(batch)
        while batch.todo:
            try:
                self._asked.appendleft(batch.todo.pop())
            except IndexError:  # its thread goes on this moment
                break
        batch.deliver()
        self._give_out()

    def _has_ended(self, batch: _Batch, ended: asyncio.Future[float | None]) -> None:
        self._batches.discard(batch)
        if batch.late is not None:
            batch.late.cancel()
        batch.deliver()
        if not ended.cancelled() and (seconds := ended.result()) is not None:
            self._read_s += _WEIGHT * (max(seconds, _LEAST_S) - self._read_s)
        self._give_out()


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
