"""Reading many files on this machine: requests on the event loop, parsing in threads.

A fixed number of workers share one list of files, so there is no task and no buffer a file. What a
file says is decided by pure steps (`core.engines.file_steps`); here bytes only travel.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from core.catalog import DataFile, FileReading
from core.engines.base import Outcome
from core.engines.file_steps import Apart, Given, advance, file_steps, reader_failed
from core.engines.isolated import Isolated
from core.engines.quick import AtHand, Done, Stuck, read_quick
from core.engines.streak import Streak, first_of
from core.engines.tails import Tails
from core.errors import Fault, FileError, SourceError
from core.formats.base import ReadOptions
from core.progress import Progress
from core.sources.stores.base import Span, Store

# Parsing less than this on the loop costs less than handing it to a thread.
_INLINE_BYTES = 16 << 10
# Of a file's end only the footer is parsed, unless it was asked for because it is large.
_INLINE_TAIL = 64 << 10
# A file may take that share longer than its limit.
_SLACK = 0.1
# So many files are read the long way before it is tried again whether they can be read quickly.
_LONG_WAY = 1_000


async def read_files(
    store: Store,
    files: Sequence[DataFile],
    options: ReadOptions,
    *,
    max_concurrency: int,
    file_timeout_s: float,
    streak: Streak,
    progress: Progress,
    deliver: Callable[[int, Outcome], None],
) -> None:
    """Read each file and `deliver` its index and outcome, in any order.

    Raises:
        SourceError: the server stopped answering.
    """
    threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="parse")
    isolated = Isolated(max(2, os.cpu_count() or 2))
    reader = _Reader(store, files, options, threads, isolated, file_timeout_s, streak, progress, deliver)
    queue = iter(range(len(files)))
    at_hand: AtHand | None = getattr(store, "at_hand", None)
    try:
        async with asyncio.TaskGroup() as stuck:
            while at_hand is not None:
                left = await reader.quick_way(at_hand, queue, stuck)
                following = [*left, *islice(queue, _LONG_WAY)]
                if not following:
                    break
                await reader.long_way(iter(following), min(max_concurrency, len(following)))
            await reader.long_way(queue, min(max_concurrency, len(files)))
    except* SourceError as errors:
        raise first_of(errors) from None
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        await isolated.close()


class _Reader:
    """One call of `read_files`."""

    def __init__(
        self,
        store: Store,
        files: Sequence[DataFile],
        options: ReadOptions,
        threads: ThreadPoolExecutor,
        isolated: Isolated,
        file_timeout_s: float,
        streak: Streak,
        progress: Progress,
        deliver: Callable[[int, Outcome], None],
    ) -> None:
        self._store = store
        self._files = files
        self._options = options
        self._threads = threads
        self._isolated = isolated
        self._file_timeout_s = file_timeout_s
        self._streak = streak
        self._progress = progress
        self._deliver = deliver
        self._tails = Tails()

    async def long_way(self, queue: Iterator[int], workers: int) -> None:
        """Read each file of a queue."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(queue))

    async def quick_way(self, at_hand: AtHand, queue: Iterator[int], others: asyncio.TaskGroup) -> list[int]:
        """Read from a queue as long as that is quick; gives what of it was taken and must go the long way."""
        left, stuck = await read_quick(at_hand, self._files, queue, self._options, self._tails, self._settle_quick)
        if stuck is not None:
            others.create_task(self._wait_for(stuck))
        return left

    async def _work(self, queue: Iterator[int]) -> None:
        clock, slack = asyncio.get_running_loop().time, self._file_timeout_s * _SLACK
        following = next(queue, None)
        while following is not None:
            try:
                # One limit for many files, moved as time goes by: one a file costs half of what parsing it does.
                async with asyncio.timeout(None) as limit:
                    due = 0.0
                    while following is not None:
                        if (now := clock()) >= due:
                            limit.reschedule(now + self._file_timeout_s + slack)
                            due = now + slack
                        self._settle(following, await self._read(self._files[following]))
                        following = next(queue, None)
            except TimeoutError:
                assert following is not None
                self._settle(following, self._too_long())
                following = next(queue, None)

    async def _read(self, file: DataFile) -> Outcome:
        try:
            outcome = await self._drive(file)
        except TimeoutError:
            raise
        except SourceError as error:
            self._streak.bad(error)
            return Outcome(error=error.message, lasting=False)
        except Exception as error:
            return reader_failed(file, error)
        self._streak.good()
        return outcome

    async def _drive(self, file: DataFile) -> Outcome:
        steps, progress = file_steps(file, self._options, self._tails), self._progress
        wanted = advance(steps, None)
        heavy = False
        while not isinstance(wanted, Outcome):
            given: Given
            if isinstance(wanted, Apart):
                given = await self._apart(wanted)
            else:
                [given] = await self._store.read(file.key, (wanted,))
                progress.bytes_read += len(given)
                of_end = wanted[0] > 0 and wanted[1] == file.size
                heavy = heavy or len(given) > (_INLINE_TAIL if of_end else _INLINE_BYTES)
            if heavy:
                wanted = await asyncio.get_running_loop().run_in_executor(self._threads, advance, steps, given)
            else:
                wanted = advance(steps, given)
        return wanted

    async def _apart(self, wanted: Apart) -> FileReading | FileError:
        async def fetch(span: Span) -> bytes:
            return await fetch_span(self._store, wanted.opened.key, span, self._progress)

        try:
            return await self._isolated.read(wanted.format, wanted.opened, self._options, fetch)
        except FileError as error:
            return error

    async def _wait_for(self, stuck: Stuck) -> None:
        ended, _ = await asyncio.wait([stuck.running], timeout=self._file_timeout_s)
        for thread in ended:
            thread.result()
        done = stuck.turn.take_done()
        self._settle_quick(done)
        if not done:
            self._settle(stuck.index, self._too_long())
        elif done[0].outcome is None:
            await self.long_way(iter([stuck.index]), 1)

    def _settle_quick(self, done: Sequence[Done]) -> None:
        self._store.requests["GET"] += sum(each.requests for each in done)
        self._progress.bytes_read += sum(each.bytes_read for each in done)
        for each in done:
            if each.outcome is not None:
                self._streak.good()
                self._settle(each.at, each.outcome)

    def _settle(self, index: int, outcome: Outcome) -> None:
        self._progress.done += 1
        self._progress.failed += outcome.error is not None
        self._deliver(index, outcome)

    def _too_long(self) -> Outcome:
        return Outcome(error=f"not read within {self._file_timeout_s:g} s", lasting=False)


async def fetch_span(store: Store, key: str, span: Span, progress: Progress) -> bytes:
    """One range of one object, counted; raises `FileError` when fewer bytes come than were asked for."""
    [data] = await store.read(key, [span])
    progress.bytes_read += len(data)
    if len(data) != span[1] - span[0]:
        raise FileError(Fault.CORRUPT, f"{len(data)} bytes came where {span[1] - span[0]} were asked for")
    return data
