"""Reading many files on this machine: requests on the event loop, parsing in threads.

A fixed number of workers share one list of files, so there is no task and no buffer a file. What a
file says is decided by pure readers (`core.formats`); here bytes only travel.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.catalog import DataFile, FileReading
from core.engines.base import Outcome
from core.engines.isolated import Isolated
from core.engines.streak import Streak, first_of
from core.engines.tails import Tails
from core.errors import Fault, FileError, SourceError, first_line
from core.formats.base import Format, Opened, ReadOptions, Steps
from core.formats.detect import detect, evidence, first_span, misnamed, unread_type
from core.formats.registry import ISOLATED
from core.progress import Progress
from core.sources.stores.base import Span, Store

_log = logging.getLogger(__name__)

# Parsing less than this on the loop costs less than handing it to a thread.
_INLINE_BYTES = 16 << 10
# Of a file's end only the footer is parsed, unless it was asked for because it is large.
_INLINE_TAIL = 64 << 10
# A file may take that share longer than its limit.
_SLACK = 0.1


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
    queue: Iterator[tuple[int, DataFile]] = enumerate(files)
    threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="parse")
    isolated = Isolated(max(2, os.cpu_count() or 2))
    tails = Tails()

    async def read(file: DataFile) -> Outcome:
        try:
            outcome = await _read_file(store, file, options, threads, isolated, tails, progress)
            streak.good()
        except TimeoutError:
            raise
        except FileError as error:
            outcome = Outcome(error=error.message)
            streak.good()
        except SourceError as error:
            streak.bad(error)
            outcome = Outcome(error=error.message, lasting=False)
        except Exception as error:
            # A fault of ours, which must not cost more than the file it came to light with.
            _log.exception("reading %s", file.key)
            outcome = Outcome(error=f"its reader failed: {type(error).__name__}: {first_line(error)}")
        return outcome

    def settle(index: int, outcome: Outcome) -> None:
        progress.done += 1
        progress.failed += outcome.error is not None
        deliver(index, outcome)

    async def work() -> None:
        clock, slack = asyncio.get_running_loop().time, file_timeout_s * _SLACK
        following = next(queue, None)
        while following is not None:
            try:
                # One limit for many files, moved as time goes by: one a file costs half of what parsing it does.
                async with asyncio.timeout(None) as limit:
                    due = 0.0
                    while following is not None:
                        if (now := clock()) >= due:
                            limit.reschedule(now + file_timeout_s + slack)
                            due = now + slack
                        settle(following[0], await read(following[1]))
                        following = next(queue, None)
            except TimeoutError:
                assert following is not None
                settle(following[0], Outcome(error=f"not read within {file_timeout_s:g} s", lasting=False))
                following = next(queue, None)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(max_concurrency, len(files))):
                group.create_task(work())
    except* SourceError as errors:
        raise first_of(errors) from None
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        await isolated.close()


async def fetch_span(store: Store, key: str, span: Span, progress: Progress) -> bytes:
    """One range of one object, counted; raises `FileError` when fewer bytes come than were asked for."""
    [data] = await store.read(key, [span])
    progress.bytes_read += len(data)
    if len(data) != span[1] - span[0]:
        raise FileError(Fault.CORRUPT, f"{len(data)} bytes came where {span[1] - span[0]} were asked for")
    return data


async def _read_file(
    store: Store,
    file: DataFile,
    options: ReadOptions,
    threads: ThreadPoolExecutor,
    isolated: Isolated,
    tails: Tails,
    progress: Progress,
) -> Outcome:
    loop = asyncio.get_running_loop()

    async def fetch(span: Span) -> bytes:
        return await fetch_span(store, file.key, span, progress)

    start, end = tails.lengthened(file.key, first_span(file.key, file.size, options))
    data = await fetch((start, end))
    opened = Opened(file.key, file.size, data if start == 0 else b"", data if end == file.size else b"")
    if start > 0 and detect(opened, options) is None:
        # The suffix promised a footer that isn't there: what the file is, its first bytes tell.
        opened = Opened(file.key, file.size, await fetch((0, min(file.size, len(data)))), opened.tail)
    heavy = len(data) > (_INLINE_BYTES if start == 0 else _INLINE_TAIL)

    format_ = await loop.run_in_executor(threads, detect, opened, options) if heavy else detect(opened, options)
    if format_ is None:
        if options.only is None and (promised := misnamed(opened)) is not None:
            return Outcome(promised.name, error=f"its name says {promised.name}, its bytes don't")
        return Outcome(unread_type(opened))
    try:
        if format_ in ISOLATED:
            reading = await isolated.read(format_, opened, options, fetch)
            return Outcome(reading.file_type, _with_evidence(reading, opened, format_))
        steps = format_.read(opened, options)
        found = await loop.run_in_executor(threads, _step, steps, None) if heavy else _step(steps, None)
        while not isinstance(found, FileReading):
            start, end = found
            data = await fetch(found)
            if end == file.size:
                tails.learn(file.key, end - start)
            heavy = heavy or len(data) > _INLINE_BYTES
            found = await loop.run_in_executor(threads, _step, steps, data) if heavy else _step(steps, data)
    except FileError as error:
        return Outcome(format_.name, error=error.message)
    return Outcome(found.file_type, _with_evidence(found, opened, format_))


def _with_evidence(reading: FileReading, opened: Opened, format_: Format) -> FileReading:
    """The reading with why the file was taken for that format, when that is not plain."""
    why = evidence(opened, format_)
    if why is None:
        return reading
    told = ("recognised by", why)
    return replace(
        reading, tables=tuple(replace(table, properties=(told, *table.properties)) for table in reading.tables)
    )


def _step(steps: Steps, data: bytes | None) -> Span | FileReading:
    """One step of a reader: the range it needs next, or what the file says."""
    try:
        return next(steps) if data is None else steps.send(data)
    except StopIteration as stop:
        found: FileReading = stop.value
        return found
