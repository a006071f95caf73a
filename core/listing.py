"""A source's listing held as Arrow pages, and what became of each listed object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from core.catalog import CountSource, DataFile, FileStatus
from core.engines.base import Outcome
from core.formats.registry import FORMATS
from core.memory import Known
from core.schemas import Said, SchemaPool
from core.sources.stores.base import LISTING

_READ_FORMATS = frozenset(format_.name for format_ in FORMATS)


class Listing:
    """Listed objects, sorted by key once `finish` was called; no Python object a key until asked."""

    def __init__(self) -> None:
        self._pages: list[pa.RecordBatch] = []
        self._count = 0
        self._table = pa.table({name: [] for name in LISTING.names}, schema=LISTING)

    def __len__(self) -> int:
        return self._count

    def add(self, page: pa.RecordBatch) -> None:
        """Add a `LISTING` page."""
        self._pages.append(page)
        self._count += len(page)

    def finish(self) -> int:
        """Sort by key and drop repeated keys; returns how many were dropped."""
        table = pa.Table.from_batches(self._pages, LISTING).combine_chunks()
        self._pages.clear()
        table = table.take(pc.sort_indices(table, sort_keys=[("key", "ascending")])).combine_chunks()
        if len(table) > 1:
            keys = table.column("key").chunk(0)
            fresh = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
            if not pc.all(fresh).as_py():
                table = table.filter(pa.concat_arrays([pa.array([True]), fresh])).combine_chunks()
        dropped = self._count - len(table)
        self._count, self._table = len(table), table
        return dropped

    def keys(self) -> Iterator[str]:
        """All keys, in order."""
        for batch in self._table.column("key").chunks:
            for value in batch:
                yield value.as_py()

    def file(self, at: int) -> DataFile:
        """The listed object at an index."""
        row = [self._table.column(name)[at].as_py() for name in LISTING.names]
        return DataFile(*row)


@dataclass(slots=True)
class Listed:
    """One listed object and what became of it.

    `tables` are what it says; `lakehouse` is the root of the table format's folder it lies in, and
    `deleted` how many of its rows that table marks as deleted; `lasting` tells whether an error would
    come again if the unchanged file were read again.
    """

    file: DataFile
    status: FileStatus = FileStatus.UNKNOWN
    file_type: str | None = None
    error: str | None = None
    tables: tuple[Said, ...] = ()
    table_name: str | None = None
    lakehouse: str | None = None
    deleted: int = 0
    lasting: bool = True

    def settle(self, outcome: Outcome, pool: SchemaPool) -> None:
        """Take what reading it ended with."""
        self.file_type = outcome.file_type
        self.error = outcome.error
        self.lasting = outcome.lasting
        if outcome.error is not None:
            self.status = FileStatus.FAILED
        elif outcome.reading is not None:
            self.status = FileStatus.READ
            self.tables = tuple(pool.say(table) for table in outcome.reading.tables)

    def ignore(self, reason: str) -> None:
        """It is no data, for this reason."""
        self.status, self.error, self.file_type = FileStatus.IGNORED, reason, None

    def recall(self, known: Known) -> None:
        """Take what is known from the last run; what was unknown or failed stays that."""
        self.file_type = known.file_type
        self.error = known.error
        if known.error is not None:
            self.status = FileStatus.FAILED
        elif known.tables or known.file_type in _READ_FORMATS:
            # A workbook without anything in it was read, and is no table.
            self.status = FileStatus.UNCHANGED
            self.tables = known.tables

    @property
    def row_count(self) -> int | None:
        """Rows of all its tables together, less the deleted; None when any is unknown or it has none."""
        counts = [table.row_count for table in self.tables]
        if not counts or None in counts:
            return None
        rows = sum(c for c in counts if c is not None) - self.deleted
        return rows if rows >= 0 else None

    @property
    def count_source(self) -> CountSource | None:
        return self.tables[0].row_count_source if self.tables else None
