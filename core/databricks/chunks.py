"""Cuts rows into statements whose predicates together cover everything, so that what vanished here vanishes there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from core.databricks.layout import Layout
from core.databricks.local import Row

MOST_BYTES = 4_000_000
MOST_ROWS = 32_000
"""Rows and bytes of JSON in one statement: Spark reads them at once, and a request must stay small."""


@dataclass(frozen=True, slots=True)
class Bound:
    """An end of a range; without `inclusive` it lies just beyond the value."""

    value: str | int
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows for one statement, and the part of the table that they are all of.

    Whole sources; or, of a single source, the rows whose cut lies from `low` up to below `high`
    (None: no end; without `low`, nulls too); or, of one `cut`, those whose part lies so.
    """

    sources: tuple[str, ...]
    rows: tuple[Row, ...]
    cut: str | None = None
    low: Bound | None = None
    high: Bound | None = None

    @property
    def json(self) -> str:
        return "[" + ",".join(row.json for row in self.rows) + "]"


def chunks(layout: Layout, sources: Sequence[str], rows: Iterable[Row]) -> Iterator[Chunk]:
    """Rows (by source, cut, part) as chunks: several sources together when they are small.

    Every one of `sources` is covered, also one without rows.
    """
    if len(sources) == 1:
        yield from _of_one(layout, sources[0], rows)
        return
    by_source = {source: tuple(group) for source, group in groupby(rows, key=lambda row: row.source)}
    together: list[str] = []
    pending: list[Row] = []
    for source in sources:
        own = by_source.get(source, ())
        if pending and not _fits([*pending, *own]):
            yield Chunk(tuple(together), tuple(pending))
            together, pending = [], []
        if not _fits(own):
            yield from _of_one(layout, source, own)
            continue
        together.append(source)
        pending += own
    if together:
        yield Chunk(tuple(together), tuple(pending))


def _of_one(layout: Layout, source: str, rows: Iterable[Row]) -> Iterator[Chunk]:
    low: Bound | None = None
    pending: list[Row] = []
    size = 0
    for cut, group in groupby(rows, key=lambda row: row.cut):
        own = list(group)
        own_size = _size(own)
        full = len(pending) + len(own) > MOST_ROWS or size + own_size > MOST_BYTES
        if full and pending and cut is not None:
            yield Chunk((source,), tuple(pending), None, low, Bound(cut))
            low, pending, size = Bound(cut), [], 0
        if not _fits(own) and layout.part is not None and cut is not None:
            if low != Bound(cut):
                # Nothing of ours lies before it, but something old may.
                yield Chunk((source,), (), None, low, Bound(cut))
            yield from _of_one_cut(source, cut, own)
            low = Bound(cut, inclusive=False)
            continue
        pending += own
        size += own_size
    yield Chunk((source,), tuple(pending), None, low, None)


def _of_one_cut(source: str, cut: str, rows: Sequence[Row]) -> Iterator[Chunk]:
    """The rows of a table that is too large for one statement, cut at their parts."""
    low: Bound | None = None
    pending: list[Row] = []
    size = 0
    for part, group in groupby(rows, key=lambda row: row.part):
        own = list(group)
        full = len(pending) + len(own) > MOST_ROWS or size + _size(own) > MOST_BYTES
        if full and pending and part is not None:
            yield Chunk((source,), tuple(pending), cut, low, Bound(part))
            low, pending, size = Bound(part), [], 0
        pending += own
        size += _size(own)
    yield Chunk((source,), tuple(pending), cut, low, None)


def _fits(rows: Sequence[Row]) -> bool:
    return len(rows) <= MOST_ROWS and _size(rows) <= MOST_BYTES


def _size(rows: Iterable[Row]) -> int:
    return sum(row.size + 1 for row in rows)
