"""Reads of local files in threads: quick ones share a thread, and none waits behind one that hangs."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from core.sources.stores import local_reads
from core.sources.stores.base import Span
from core.sources.stores.local_reads import LocalReads


@pytest.fixture
async def reads() -> AsyncIterator[LocalReads]:
    found = LocalReads(32)
    yield found
    found.close()


async def test_one_that_fails_among_many_fails_alone(reads: LocalReads, tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).write_bytes(b"%03d" % number)
    os.remove(tmp_path / "50")
    asked = (reads.read(str(tmp_path / str(number)), str(number), [(0, 1), (1, 3)]) for number in range(100))
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found.pop(50), FileNotFoundError)
    assert found == [[b"0", b"%02d" % number] for number in range(100) if number != 50]


async def test_nothing_waits_behind_reads_that_hang(reads: LocalReads, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def read(path: str, key: str, spans: Sequence[Span]) -> list[bytes]:
        if key.startswith("hangs"):
            goes_on.wait(30)
        return [key.encode()]

    monkeypatch.setattr(local_reads, "_read", read)
    keys = [f"{'hangs' if number % 10 == 0 else 'quick'}{number}" for number in range(100)]
    asked = {key: asyncio.ensure_future(reads.read("", key, [(0, 1)])) for key in keys}
    async with asyncio.timeout(20):
        await asyncio.gather(*(asked[key] for key in keys if key.startswith("quick")))
    assert not any(asked[key].done() for key in keys if key.startswith("hangs"))
    goes_on.set()
    assert [await asked[key] for key in keys] == [[key.encode()] for key in keys]


async def test_slow_reads_are_side_by_side(reads: LocalReads, monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(32)

    def read(path: str, key: str, spans: Sequence[Span]) -> list[bytes]:
        together.wait(30)
        return [b""]

    monkeypatch.setattr(local_reads, "_read", read)
    async with asyncio.timeout(20):
        await asyncio.gather(*(reads.read("", str(number), [(0, 1)]) for number in range(64)))


async def test_who_waits_for_a_turn_at_its_end_is_cancelled(tmp_path: Path) -> None:
    found = LocalReads(2)
    waiting = asyncio.ensure_future(found.read(str(tmp_path / "a"), "a", [(0, 1)]))
    await asyncio.sleep(0)
    found.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
