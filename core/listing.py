"""A source's listing, held as compressed pages; no Python object a key until asked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import pyarrow as pa
import pyarrow.compute as pc

from core.catalog import DataFile
from core.sources.stores.base import LISTING
from core.sources.stores.packing import packed, unpacked

LISTED = pa.schema([pa.field("at", pa.int64(), nullable=False), *LISTING])
"""A page of a listing, with each key's place."""

_ROWS = 1_000
_OPEN_PAGES = 4


class Listing:
    """Listed objects, by their place in key order once `finish` was called."""

    def __init__(self) -> None:
        self._pages: list[_Page] = []
        self._starts: list[int] = []
        self._count = 0
        self._pending: list[pa.RecordBatch] = []
        self._open: OrderedDict[int, _Rows] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    def add(self, page: pa.RecordBatch) -> None:
        """Add a `LISTING` page."""
        if not len(page):
            return
        self._count += len(page)
        if not _is_sorted(page):
            page = _sorted([page])
        if self._pending and not _last(self._pending[-1]) < _first(page):
            self._pack()
        self._pending.append(page)
        if sum(map(len, self._pending)) >= _ROWS:
            self._pack()

    def finish(self) -> int:
        """Put the keys in order and drop repeated ones; returns how many were dropped.

        Servers list in order, or nearly so: only pages that overlap are taken apart.
        """
        self._pack()
        self._pages.sort(key=lambda page: page.first)
        if not all(before.last < after.first for before, after in pairwise(self._pages)):
            self._pages = [page for pages in _overlapping(self._pages) for page in _merged(pages)]
        listed, self._count = self._count, sum(page.count for page in self._pages)
        self._starts = list(accumulate((page.count for page in self._pages[:-1]), initial=0)) if self._pages else []
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
        for start, page in zip(self._starts, self._pages, strict=True):
            yield start, page.batch()

    def keys(self) -> Iterator[str]:
        """All keys, in order."""
        for _, page in self.pages():
            yield from page.column("key").to_pylist()

    def key(self, at: int) -> str:
        """The key at a place; asked for in order, it costs little, as do the others."""
        start, rows = self._rows(at)
        return rows.keys[at - start]

    def size(self, at: int) -> int:
        """The size in bytes of the object at a place."""
        start, rows = self._rows(at)
        return rows.sizes[at - start]

    def file(self, at: int) -> DataFile:
        """The listed object at a place."""
        start, rows = self._rows(at)
        return rows.files[at - start]

    def find(self, key: str) -> int | None:
        """The place of a key; None when it was not listed."""
        number = bisect_right(self._pages, key, key=lambda page: page.first) - 1
        if number < 0:
            return None
        start, rows = self._rows(self._starts[number])
        at = bisect_left(rows.keys, key)
        return start + at if at < len(rows.keys) and rows.keys[at] == key else None

    def _rows(self, at: int) -> tuple[int, _Rows]:
        number = bisect_right(self._starts, at) - 1
        rows = self._open.get(number)
        if rows is None:
            rows = self._open[number] = _Rows(self._pages[number].batch())
            if len(self._open) > _OPEN_PAGES:
                self._open.popitem(last=False)
        return self._starts[number], rows

    def _pack(self) -> None:
        if self._pending:
            self._pages.append(_Page.of(pa.concat_batches(self._pending)))
            self._pending = []


class Files(Sequence[DataFile]):
    """Some of a listing's objects, by their places; made when asked for."""

    def __init__(self, listing: Listing, places: Sequence[int]) -> None:
        self._listing = listing
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> DataFile:  # type: ignore[override]  # nobody slices it
        return self._listing.file(self._places[index])


@dataclass(frozen=True, slots=True)
class _Page:
    """A page whose keys are in order and differ."""

    first: str
    last: str
    count: int
    packed: pa.Buffer

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> _Page:
        return cls(_first(batch), _last(batch), len(batch), packed(batch))

    def batch(self) -> pa.RecordBatch:
        return unpacked(self.packed)


class _Rows:
    """A page as Python objects, those columns that were asked for."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    @cached_property
    def keys(self) -> list[str]:
        keys: list[str] = self._batch.column("key").to_pylist()
        return keys

    @cached_property
    def sizes(self) -> list[int]:
        sizes: list[int] = self._batch.column("size").to_pylist()
        return sizes

    @cached_property
    def files(self) -> list[DataFile]:
        others = (self._batch.column(name).to_pylist() for name in ("etag", "modified"))
        return [DataFile(*row) for row in zip(self.keys, self.sizes, *others, strict=True)]


def _first(page: pa.RecordBatch) -> str:
    found: str = page.column("key")[0].as_py()
    return found


def _last(page: pa.RecordBatch) -> str:
    found: str = page.column("key")[len(page) - 1].as_py()
    return found


def _is_sorted(page: pa.RecordBatch) -> bool:
    keys = page.column("key")
    return len(keys) < 2 or bool(pc.all(pc.less(keys.slice(0, len(keys) - 1), keys.slice(1))).as_py())


def _sorted(pages: list[pa.RecordBatch]) -> pa.RecordBatch:
    """All rows in key order, the first of each key."""
    rows = pa.concat_batches(pages)
    rows = rows.take(pc.sort_indices(rows, sort_keys=[("key", "ascending")]))
    keys = rows.column("key")
    fresh = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
    return rows if pc.all(fresh).as_py() else rows.filter(pa.concat_arrays([pa.array([True]), fresh]))


def _overlapping(pages: list[_Page]) -> Iterator[list[_Page]]:
    """Pages, given by their first keys in order, in groups between which there is no overlap."""
    group: list[_Page] = []
    last = ""
    for page in pages:
        if group and last < page.first:
            yield group
            group = []
        last = max(last, page.last) if group else page.last
        group.append(page)
    yield group


def _merged(pages: list[_Page]) -> Iterator[_Page]:
    if len(pages) == 1:
        yield pages[0]
        return
    rows = _sorted([page.batch() for page in pages])
    for start in range(0, len(rows), _ROWS):
        yield _Page.of(rows.slice(start, _ROWS))
