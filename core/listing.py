"""A source's listing, held as the pages that came; no Python object a key until asked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import pyarrow as pa
import pyarrow.compute as pc

from core.catalog import DataFile
from core.sources.stores.base import LISTING

LISTED = pa.schema([pa.field("at", pa.int64(), nullable=False), *LISTING])
"""A page of a listing, with each key's place."""


class Listing:
    """Listed objects, by their place in key order once `finish` was called."""

    def __init__(self) -> None:
        self._pages: list[pa.RecordBatch] = []
        self._starts: list[int] = []
        self._count = 0
        self._decoded: tuple[int, list[tuple[object, ...]]] = (-1, [])

    def __len__(self) -> int:
        return self._count

    def add(self, page: pa.RecordBatch) -> None:
        """Add a `LISTING` page."""
        if len(page):
            self._pages.append(page)
            self._count += len(page)

    def finish(self) -> int:
        """Put the keys in order and drop repeated ones; returns how many were dropped.

        Servers list in order, so that mostly only whole pages change places, and nothing is copied.
        """
        self._pages.sort(key=_first)
        if not (all(map(_is_sorted, self._pages)) and all(_last(a) < _first(b) for a, b in pairwise(self._pages))):
            self._pages = _sorted(self._pages)
        listed, self._count = self._count, sum(map(len, self._pages))
        self._starts = list(accumulate((len(page) for page in self._pages[:-1]), initial=0)) if self._pages else []
        return listed - self._count

    def reader(self) -> pa.RecordBatchReader:
        """All pages as `LISTED` batches."""
        numbered = (
            pa.RecordBatch.from_arrays(
                [pa.array(range(start, start + len(page)), pa.int64()), *page.columns], schema=LISTED
            )
            for start, page in self.pages()
        )
        return pa.RecordBatchReader.from_batches(LISTED, numbered)

    def pages(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The pages in key order, each with the place of its first key."""
        yield from zip(self._starts, self._pages, strict=True)

    def keys(self) -> Iterator[str]:
        """All keys, in order."""
        for page in self._pages:
            yield from page.column("key").to_pylist()

    def key(self, at: int) -> str:
        """The key at a place."""
        found: str = self._row(at)[0]  # type: ignore[assignment]  # the first of LISTING's columns
        return found

    def size(self, at: int) -> int:
        """The size in bytes of the object at a place."""
        found: int = self._row(at)[1]  # type: ignore[assignment]  # the second of LISTING's columns
        return found

    def file(self, at: int) -> DataFile:
        """The listed object at a place; asked in order, it costs little."""
        return DataFile(*self._row(at))  # type: ignore[arg-type]  # LISTING has its fields

    def find(self, key: str) -> int | None:
        """The place of a key; None when it was not listed."""
        page = bisect_right(self._starts, key, key=lambda start: self.key(start)) - 1
        if page < 0:
            return None
        keys = self._pages[page].column("key")
        at = bisect_left(range(len(keys)), key, key=lambda i: keys[i].as_py())
        return self._starts[page] + at if at < len(keys) and keys[at].as_py() == key else None

    def _row(self, at: int) -> tuple[object, ...]:
        start, decoded = self._decoded
        if not start <= at < start + len(decoded):
            number = bisect_right(self._starts, at) - 1
            start, page = self._starts[number], self._pages[number]
            decoded = list(zip(*(column.to_pylist() for column in page.columns), strict=True))
            self._decoded = (start, decoded)
        return decoded[at - start]


class Files(Sequence[DataFile]):
    """Some of a listing's objects, by their places; made when asked for."""

    def __init__(self, listing: Listing, places: Sequence[int]) -> None:
        self._listing = listing
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> DataFile:  # type: ignore[override]  # nobody slices it
        return self._listing.file(self._places[index])


def _first(page: pa.RecordBatch) -> str:
    found: str = page.column("key")[0].as_py()
    return found


def _last(page: pa.RecordBatch) -> str:
    found: str = page.column("key")[len(page) - 1].as_py()
    return found


def _is_sorted(page: pa.RecordBatch) -> bool:
    keys = page.column("key")
    return len(keys) < 2 or bool(pc.all(pc.less(keys.slice(0, len(keys) - 1), keys.slice(1))).as_py())


def _sorted(pages: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """All rows in key order, the first of each key."""
    table = pa.Table.from_batches(pages, LISTING)
    table = table.take(pc.sort_indices(table, sort_keys=[("key", "ascending")])).combine_chunks()
    keys = table.column("key").combine_chunks()
    fresh = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
    if not pc.all(fresh).as_py():
        table = table.filter(pa.concat_arrays([pa.array([True]), fresh]))
    return list(table.to_batches())
