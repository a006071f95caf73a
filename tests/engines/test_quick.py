"""Files at hand: one thread reads the quick ones, the others go the long way, and none waits behind one that hangs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.catalog import DataFile
from core.engines import quick
from core.engines.base import Outcome
from core.engines.local import read_files
from core.engines.streak import Streak
from core.errors import SourceError
from core.formats.base import ReadOptions
from core.progress import Progress
from core.retry import RetryingStore
from core.sources.stores.base import Span
from core.sources.stores.local import LocalStore
from tests.every_format import lake


class _Held(LocalStore):
    """A folder some of whose files are read only when a test says so."""

    def __init__(self, root: Path, held: Sequence[str] = ()) -> None:
        super().__init__(str(root), threads=32)
        self.goes_on = threading.Event()
        self.ways: list[tuple[str, str]] = []
        self._held = held

    def read_now(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        way = "long" if key in self.asked else "quick"
        self.ways.append((way, key))
        if key in self._held:
            self.goes_on.wait(30)
        return super().read_now(key, spans)

    @property
    def asked(self) -> set[str]:
        return self.__dict__.setdefault("_asked", set())

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        self.asked.add(key)
        return await super().read(key, spans)


async def _read(store: Any, files: Sequence[DataFile], **more: Any) -> tuple[dict[str, Outcome], Progress]:
    found: dict[str, Outcome] = {}
    progress = Progress()

    def deliver(index: int, outcome: Outcome) -> None:
        assert files[index].key not in found, "delivered twice"
        found[files[index].key] = outcome
        if more.get("each") is not None:
            more["each"](found)

    await read_files(
        store,
        files,
        ReadOptions(),
        max_concurrency=32,
        file_timeout_s=more.get("file_timeout_s", 30),
        streak=Streak(),
        progress=progress,
        deliver=deliver,
    )
    return found, progress


def _written(root: Path, objects: dict[str, bytes]) -> list[DataFile]:
    for key, data in objects.items():
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(data)
    return [DataFile(key, len(data)) for key, data in objects.items() if data]


def _csvs(root: Path, count: int) -> list[DataFile]:
    return _written(root, {f"{at}.csv": b"id,name\n%d,x\n" % at for at in range(count)})


async def test_every_format_says_the_same_by_either_way_for_the_same_requests(tmp_path: Path) -> None:
    files = _written(tmp_path, lake())

    class Long(LocalStore):
        at_hand = None

    quick_one, long_one = LocalStore(str(tmp_path), threads=4), Long(str(tmp_path), threads=4)
    (found, progress), (expected, counted) = await _read(quick_one, files), await _read(long_one, files)
    assert found == expected
    assert len(found) == len(files)
    assert quick_one.requests == long_one.requests
    assert (progress.bytes_read, progress.done, progress.failed) == (counted.bytes_read, counted.done, counted.failed)


async def test_what_cannot_be_read_is_tried_again_the_long_way_and_fails_alone(tmp_path: Path) -> None:
    files = _csvs(tmp_path, 100)
    (tmp_path / "50.csv").unlink()
    (tmp_path / "60.csv").write_bytes(b"id")
    found, progress = await _read(RetryingStore(LocalStore(str(tmp_path), threads=4), retries=2), files)
    wrong = {key: outcome.error or "" for key, outcome in found.items() if outcome.reading is None}
    assert set(wrong) == {"50.csv", "60.csv"}
    assert "does not exist" in wrong["50.csv"]
    assert "changed since it was listed" in wrong["60.csv"]
    assert (progress.done, progress.failed) == (100, 2)


async def test_nothing_waits_behind_a_read_that_hangs(tmp_path: Path) -> None:
    files = _csvs(tmp_path, 100)
    store = _Held(tmp_path, ["20.csv"])

    def others_are_read(found: dict[str, Outcome]) -> None:
        if len(found) == 99:
            store.goes_on.set()

    found, _ = await _read(store, files, each=others_are_read)
    assert store.goes_on.is_set()
    assert list(found)[-1] == "20.csv"
    assert all(outcome.reading is not None for outcome in found.values())
    assert store.requests["GET"] == 100


async def test_a_read_that_hangs_for_good_costs_its_file(tmp_path: Path) -> None:
    files = _csvs(tmp_path, 10)
    store = _Held(tmp_path, ["5.csv"])
    found, progress = await _read(store, files, file_timeout_s=0.2)
    store.goes_on.set()
    assert found["5.csv"] == Outcome(error="not read within 0.2 s", lasting=False)
    assert sum(outcome.reading is not None for outcome in found.values()) == 9
    assert (progress.done, progress.failed) == (10, 1)


async def test_a_slow_disk_is_read_by_many_threads(tmp_path: Path) -> None:
    files = _csvs(tmp_path, 96)
    together = threading.Barrier(32)

    class Slow(_Held):
        def read_now(self, key: str, spans: Sequence[Span]) -> list[bytes]:
            if key in self.asked:
                together.wait(30)
            else:
                self.goes_on.wait(0.1)
            return LocalStore.read_now(self, key, spans)

    store = Slow(tmp_path)
    # The first file goes the quick way, is late there, and the others need 32 threads at once to get through.
    found, _ = await _read(store, [*files, *_written(tmp_path, {"last.csv": b"id\n1\n"})])
    assert len(found) == 97
    assert all(outcome.reading is not None for outcome in found.values())


async def test_the_quick_way_is_tried_again_after_a_hiccup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.engines.local._LONG_WAY", 10)
    files = _csvs(tmp_path, 1_000)

    class Hiccup(_Held):
        def read_now(self, key: str, spans: Sequence[Span]) -> list[bytes]:
            if key == "3.csv" and key not in self.asked:
                self.goes_on.wait(0.1)
            return super().read_now(key, spans)

    store = Hiccup(tmp_path)
    found, _ = await _read(store, files)
    assert len(found) == 1_000
    ways = [way for way, _ in store.ways]
    assert "quick" in ways[ways.index("long") :]


async def test_a_reader_that_fails_costs_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _csvs(tmp_path, 3)
    steps = quick.file_steps

    def failing(file: DataFile, *others: Any) -> Any:
        if file.key == "1.csv":
            raise RuntimeError("a fault of ours")
        return steps(file, *others)

    monkeypatch.setattr(quick, "file_steps", failing)
    found, _ = await _read(LocalStore(str(tmp_path), threads=4), files)
    assert found["1.csv"].error == "its reader failed: RuntimeError: a fault of ours"
    assert found["0.csv"].reading is not None
    assert found["2.csv"].reading is not None


async def test_a_cancelled_reading_begins_no_further_file(tmp_path: Path) -> None:
    files = _csvs(tmp_path, 100)
    store = _Held(tmp_path, [file.key for file in files[5:]])
    begun = asyncio.Event()
    reading = asyncio.create_task(_read(store, files, each=lambda found: begun.set()))
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    store.goes_on.set()
    store.threads.shutdown(wait=True)
    assert len(store.ways) <= 5 + 32


async def test_a_disk_that_gives_nothing_ends_the_source(tmp_path: Path) -> None:
    files = _csvs(tmp_path, 100)

    class Gone(LocalStore):
        def read_now(self, key: str, spans: Sequence[Span]) -> list[bytes]:
            raise ConnectionError(5, "the network's disk is gone")

    with pytest.raises(SourceError, match="cannot be read: the network's disk is gone"):
        await _read(Gone(str(tmp_path), threads=4), files)
