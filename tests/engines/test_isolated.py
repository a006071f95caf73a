"""A reader's process may crash, hang or eat memory: its file fails, the next one is read."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.engines.isolated import Isolated
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span
from core.processes import is_alive
from tests.command import ROOT
from tests.engines.deadly import Deadly


async def give(span: Span) -> bytes:
    return b"." * (span[1] - span[0])


async def read(pool: Isolated, deed: str, fetch: Callable[[Span], Awaitable[bytes]] = give, more: int = 5) -> str:
    opened = Opened("x", len(deed) + more, deed.encode(), b"")
    return (await pool.read(Deadly(), opened, ReadOptions(), fetch)).file_type


@pytest.mark.parametrize(
    ("deed", "fault", "said"),
    [
        ("crash", Fault.CRASHED, "SIGSEGV"),
        ("exit", Fault.CRASHED, "exit status 3"),
        ("memory", Fault.UNSUPPORTED, "2 GB of memory"),
        ("refuse", Fault.ENCRYPTED, "it is locked"),
        ("bug", Fault.CORRUPT, "out of range"),
    ],
)
async def test_what_happens_to_one_file_happens_to_no_other(deed: str, fault: Fault, said: str) -> None:
    pool = Isolated(1)
    before = await read(pool, "print")
    with pytest.raises(FileError, match=said) as caught:
        await read(pool, deed)
    assert caught.value.fault is fault
    after = await read(pool, "print")
    assert after.endswith(" 5")
    assert (before == after) == (fault is not Fault.CRASHED), "a process that lives is used again"
    await pool.close()


async def test_a_file_that_takes_too_long_costs_its_process() -> None:
    pool = Isolated(1)
    first = await read(pool, "fine")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await read(pool, "sleep")
    assert await read(pool, "fine") != first
    with pytest.raises(ProcessLookupError):
        os.kill(int(first.split()[0]), 0)
    await pool.close()


async def test_a_range_that_does_not_come_leaves_no_half_answer() -> None:
    async def broken(span: Span) -> bytes:
        raise FileError(Fault.CORRUPT, "3 bytes came")

    pool = Isolated(1)
    with pytest.raises(FileError, match="3 bytes came"):
        await read(pool, "fine", broken)
    assert (await read(pool, "fine", more=7)).endswith(" 7")
    await pool.close()


async def test_many_files_share_few_processes_which_end_with_the_pool() -> None:
    pool = Isolated(2)
    found = await asyncio.gather(*(read(pool, "fine", more=1 << 20) for _ in range(20)))
    children = {int(answer.split()[0]) for answer in found}
    assert 1 <= len(children) <= 2
    await pool.close()
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


_KILLED = """
import asyncio, os, signal
from pathlib import Path
from core.engines.isolated import Isolated
from tests.engines.test_isolated import read

async def main():
    await read(Isolated(1), "print")
    print(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only where /proc tells of children")
def test_the_readers_process_ends_with_who_started_it() -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED], capture_output=True, text=True, cwd=ROOT, timeout=60)
    [child] = map(int, done.stdout.split())
    assert done.returncode == -signal.SIGKILL
    end = time.monotonic() + 30
    while is_alive(child):
        # Who inherits it may not have asked yet how it ended.
        with suppress(FileNotFoundError):
            if ") Z " in Path(f"/proc/{child}/stat").read_text():
                return
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.01)
