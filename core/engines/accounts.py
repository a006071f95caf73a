"""Reading the logs of lakehouse tables: ranges of many files at once, applied in threads."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core.engines.local import fetch_span
from core.engines.streak import Streak, first_of
from core.errors import FileError, SourceError, first_line
from core.lakehouse.base import Account, Ask, Folder, LogError, Steps
from core.lakehouse.registry import READERS
from core.lakehouse.sound import sound
from core.progress import Progress
from core.sources.stores.base import Store

_log = logging.getLogger(__name__)

_TABLES_AT_ONCE = 8
# Applying less than this on the loop costs less than handing it to a thread.
_INLINE_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a table's log: its account, or why there is none and which file is to blame.

    `lasting` tells whether reading the unchanged log again would end the same.
    """

    account: Account | None = None
    error: str | None = None
    blamed: str | None = None
    lasting: bool = True


async def read_accounts(
    store: Store,
    folders: Sequence[Folder],
    *,
    max_concurrency: int,
    step_timeout_s: float,
    streak: Streak,
    progress: Progress,
    deliver: Callable[[int, Result], None],
) -> None:
    """Read each table's log and `deliver` its index and result, in any order.

    Raises:
        SourceError: the server stopped answering.
    """
    queue = enumerate(folders)
    gate = asyncio.Semaphore(max_concurrency)
    threads = ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2), thread_name_prefix="log")

    async def fetch(ask: Ask) -> bytes:
        if ask.start == ask.end:
            return b""
        async with gate:
            return await fetch_span(store, ask.key, (ask.start, ask.end), progress)

    async def step(steps: Steps, asks: Sequence[Ask]) -> Sequence[Ask] | Account:
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(fetch(ask)) for ask in asks]
        except* (FileError, SourceError) as errors:
            raise first_of(errors) from None
        contents = [task.result() for task in tasks]
        if sum(map(len, contents)) <= _INLINE_BYTES:
            return _advance(steps, contents)
        return await asyncio.get_running_loop().run_in_executor(threads, _advance, steps, contents)

    async def read(folder: Folder) -> Account:
        steps = READERS[folder.kind](folder)
        found = _advance(steps, None)
        while not isinstance(found, Account):
            async with asyncio.timeout(step_timeout_s):
                found = await step(steps, found)
        return found

    async def work() -> None:
        for index, folder in queue:
            try:
                result = Result(await read(folder))
                streak.good()
            except TimeoutError:
                result = Result(error=f"its log was not read within {step_timeout_s:g} s", lasting=False)
            except FileError as error:
                result = Result(error=error.message, blamed=error.key if isinstance(error, LogError) else None)
                streak.good()
            except SourceError as error:
                streak.bad(error)
                result = Result(error=error.message, lasting=False)
            except Exception as error:
                # A fault of ours, which must not cost more than the table it came to light with.
                _log.exception("reading the log of %s", folder.root)
                result = Result(error=f"its reader failed: {type(error).__name__}: {first_line(error)}")
            progress.done += 1
            progress.failed += result.error is not None
            deliver(index, result)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_TABLES_AT_ONCE, max_concurrency, len(folders))):
                group.create_task(work())
    except* SourceError as errors:
        raise first_of(errors) from None
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _advance(steps: Steps, contents: Sequence[bytes] | None) -> Sequence[Ask] | Account:
    """One step of a reader: the ranges it needs next, or what the table says."""
    try:
        return next(steps) if contents is None else steps.send(contents)
    except StopIteration as stop:
        found: Account = stop.value
        return sound(found)
