"""Readers that may take their process with them run in a process of their own.

Some formats are read by large libraries in native code, which a broken file can crash, or make
eat all memory. They get a child process, which is started when first needed and serves one file
at a time. The protocol is that of a reader, over pipes: it asks for ranges, this side fetches them.
A child that dies costs its file, nothing else.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process, create_subprocess_exec
from collections.abc import Awaitable, Callable
from typing import Any

from core.catalog import FileReading
from core.engines.child import LENGTH
from core.errors import Fault, FileError
from core.formats.base import Format, Opened, ReadOptions, Span


class Isolated:
    """At most `limit` children, and so at most as many files held by them."""

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self._idle: list[Process] = []

    async def read(
        self, format_: Format, opened: Opened, options: ReadOptions, fetch: Callable[[Span], Awaitable[bytes]]
    ) -> FileReading:
        """What `format_.read` says of a file.

        Raises:
            FileError: that, or the reader's process died.
        """
        async with self._free:
            child = self._idle.pop() if self._idle else await _start()
            try:
                found = await _converse(child, format_, opened, options, fetch)
            except BaseException:
                # It died, or was left in the middle of a file and will not listen any more.
                await _stop(child)
                raise
            self._idle.append(child)
            if isinstance(found, FileError):
                raise found
            return found

    async def close(self) -> None:
        """End the children that are left."""
        while self._idle:
            await _stop(self._idle.pop())


async def _start() -> Process:
    return await create_subprocess_exec(
        sys.executable, "-m", "core.engines.child", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )


async def _stop(child: Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


async def _converse(
    child: Process,
    format_: Format,
    opened: Opened,
    options: ReadOptions,
    fetch: Callable[[Span], Awaitable[bytes]],
) -> FileReading | FileError:
    reader = type(format_)
    try:
        await _send(child, (f"{reader.__module__}:{reader.__qualname__}", opened, options))
        kind, answer = await _receive(child)
        while kind == "span":
            await _send(child, await fetch(answer))
            kind, answer = await _receive(child)
    except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError) as error:
        raise FileError(Fault.CRASHED, f"its reader crashed ({_end_of(await child.wait())})") from error
    found: FileReading | FileError = FileError(*answer) if kind == "failed" else answer
    return found


async def _send(child: Process, message: Any) -> None:
    assert child.stdin is not None
    data = pickle.dumps(message)
    child.stdin.write(LENGTH.pack(len(data)))
    child.stdin.write(data)
    await child.stdin.drain()


async def _receive(child: Process) -> tuple[str, Any]:
    assert child.stdout is not None
    head = await child.stdout.readexactly(LENGTH.size)
    # From our own program; what it read of the file is plain data by now.
    message: tuple[str, Any] = pickle.loads(await child.stdout.readexactly(LENGTH.unpack(head)[0]))  # noqa: S301 # nosec B301
    return message


def _end_of(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
