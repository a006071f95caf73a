"""What became of each listed object, in columns: some ten bytes an object instead of a thousand."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from core.catalog import DataFile, FileStatus
from core.engines.base import Outcome
from core.formats.registry import FORMATS
from core.listing import Listing
from core.memory import Known
from core.schemas import Said, SchemaPool

_READ_FORMATS = frozenset(format_.name for format_ in FORMATS)
_STATUSES = tuple(FileStatus)
_UNKNOWN = _STATUSES.index(FileStatus.UNKNOWN)
_FAILED = _STATUSES.index(FileStatus.FAILED)
_READ = _STATUSES.index(FileStatus.READ)
_NO_ROWS = -1


class Names:
    """A column of texts of which there are few: each is held once."""

    def __init__(self, count: int) -> None:
        self._texts: list[str | None] = [None]
        self._numbers: dict[str | None, int] = {None: 0}
        self._column = array("i", bytes(4 * count))

    def __getitem__(self, at: int) -> str | None:
        return self._texts[self._column[at]]

    def __setitem__(self, at: int, text: str | None) -> None:
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._texts)
            self._texts.append(text)
        self._column[at] = number


class Ledger(Sequence["Listed"]):
    """One entry a listed object, by its place in the listing.

    Most files say one table: what its files have in common (the schema, where the count came from) is held once in
    `sayings`, and each file's rows beside it. What only few have is in dictionaries by place.
    """

    def __init__(self, listing: Listing, pool: SchemaPool) -> None:
        count = len(listing)
        self.listing = listing
        self.pool = pool
        self.statuses = bytearray([_UNKNOWN]) * count
        self.types = Names(count)
        self.errors = Names(count)
        self.table_names = Names(count)
        self.lakehouses = Names(count)
        self.sayings: list[Said] = []
        self.saying = array("i", [-1]) * count
        self.rows = array("q", [_NO_ROWS]) * count
        self.many: dict[int, tuple[Said, ...]] = {}
        self.deleted: dict[int, int] = {}
        self.passing: set[int] = set()
        self._numbers: dict[tuple[object, ...], int] = {}

    def __len__(self) -> int:
        return len(self.statuses)

    def __getitem__(self, at: int) -> Listed:  # type: ignore[override]  # nobody slices it
        return Listed(self, at)

    def __iter__(self) -> Iterator[Listed]:
        return (Listed(self, at) for at in range(len(self)))

    def files(self) -> Iterator[tuple[DataFile, Listed]]:
        """Each listed object with its entry, in key order."""
        for start, page in self.listing.pages():
            for at, row in enumerate(zip(*(column.to_pylist() for column in page.columns), strict=True), start):
                yield DataFile(*row), Listed(self, at)

    @property
    def size(self) -> int:
        """Bytes of all listed objects together."""
        return sum(sum(page.column("size").to_pylist()) for _, page in self.listing.pages())

    def counts(self) -> dict[FileStatus, int]:
        """How many have each status."""
        return {status: self.statuses.count(number) for number, status in enumerate(_STATUSES)}

    def having(self, status: FileStatus) -> Iterator[Listed]:
        """Those of one status, in key order."""
        wanted, at = bytes([_STATUSES.index(status)]), -1
        while (at := self.statuses.find(wanted, at + 1)) >= 0:
            yield Listed(self, at)

    def reasons(self) -> dict[str, int]:
        """How many are ignored for each reason."""
        return Counter(entry.error or "" for entry in self.having(FileStatus.IGNORED))

    def say(self, at: int, tables: Sequence[Said]) -> None:
        """Take what the object at a place says."""
        self.many.pop(at, None)
        if len(tables) != 1 or tables[0].part:
            self.saying[at] = -1
            if tables:
                self.many[at] = tuple(tables)
            return
        [said] = tables
        # What is equal but for the rows; a schema is one object for all that say the same.
        shared = (said.schema, said.row_count_source, said.warnings, said.properties)
        number = self._numbers.get(shared)
        if number is None:
            number = self._numbers[shared] = len(self.sayings)
            self.sayings.append(replace(said, row_count=None))
        self.saying[at] = number
        self.rows[at] = _NO_ROWS if said.row_count is None else said.row_count

    def settle(self, at: int, outcome: Outcome) -> None:
        """Take what reading the object at a place ended with."""
        self.types[at] = outcome.file_type
        self.errors[at] = outcome.error
        if not outcome.lasting:
            self.passing.add(at)
        if outcome.error is not None:
            self.statuses[at] = _FAILED
        elif outcome.reading is not None:
            self.statuses[at] = _READ
            self.say(at, [self.pool.say(table) for table in outcome.reading.tables])

    def tables(self, at: int) -> tuple[Said, ...]:
        """What the object at a place says."""
        number = self.saying[at]
        if number < 0:
            return self.many.get(at, ())
        said, rows = self.sayings[number], self.rows[at]
        return (said if rows == _NO_ROWS else replace(said, row_count=rows),)

    def said(self, at: int) -> tuple[Said, ...]:
        """What the object at a place says, its rows left out where `rows_of` knows them."""
        number = self.saying[at]
        return self.many.get(at, ()) if number < 0 else (self.sayings[number],)

    def rows_of(self, at: int, said: Said) -> int | None:
        """The rows of one of the tables that `said` gives."""
        if self.saying[at] < 0:
            return said.row_count
        rows = self.rows[at]
        return None if rows == _NO_ROWS else rows

    def row_count(self, at: int) -> int | None:
        """Rows of all its tables together, less the deleted; None when any is unknown or it has none."""
        counts = [self.rows_of(at, said) for said in self.said(at)]
        if not counts or None in counts:
            return None
        rows = sum(count for count in counts if count is not None) - self.deleted.get(at, 0)
        return rows if rows >= 0 else None

    def status(self, at: int) -> FileStatus:
        """What became of the object at a place."""
        return _STATUSES[self.statuses[at]]

    def distinct(self) -> Iterator[Said]:
        """What files say, each once but for their rows."""
        yield from self.sayings
        for tables in self.many.values():
            yield from tables

    def all_rows(self, places: Iterable[int]) -> int | None:
        """The rows of files of one table each together; None when one is not known."""
        total = 0
        for at in places:
            rows = self.rows[at]
            if rows == _NO_ROWS:
                return None
            total += rows
        return total


class Listed:
    """One entry of a ledger: a listed object and what became of it.

    `tables` are what it says; `lakehouse` is the root of the table format's folder it lies in, and
    `deleted` how many of its rows that table marks as deleted; `lasting` tells whether an error would
    come again if the unchanged file were read again.
    """

    __slots__ = ("_ledger", "at")

    def __init__(self, ledger: Ledger, at: int) -> None:
        self._ledger = ledger
        self.at = at

    @property
    def file(self) -> DataFile:
        return self._ledger.listing.file(self.at)

    @property
    def status(self) -> FileStatus:
        return self._ledger.status(self.at)

    @status.setter
    def status(self, status: FileStatus) -> None:
        self._ledger.statuses[self.at] = _STATUSES.index(status)

    @property
    def file_type(self) -> str | None:
        return self._ledger.types[self.at]

    @file_type.setter
    def file_type(self, name: str | None) -> None:
        self._ledger.types[self.at] = name

    @property
    def error(self) -> str | None:
        return self._ledger.errors[self.at]

    @error.setter
    def error(self, text: str | None) -> None:
        self._ledger.errors[self.at] = text

    @property
    def tables(self) -> tuple[Said, ...]:
        return self._ledger.tables(self.at)

    @tables.setter
    def tables(self, tables: Sequence[Said]) -> None:
        self._ledger.say(self.at, tables)

    @property
    def table_name(self) -> str | None:
        return self._ledger.table_names[self.at]

    @table_name.setter
    def table_name(self, name: str | None) -> None:
        self._ledger.table_names[self.at] = name

    @property
    def lakehouse(self) -> str | None:
        return self._ledger.lakehouses[self.at]

    @lakehouse.setter
    def lakehouse(self, root: str) -> None:
        self._ledger.lakehouses[self.at] = root

    @property
    def deleted(self) -> int:
        return self._ledger.deleted.get(self.at, 0)

    @deleted.setter
    def deleted(self, rows: int) -> None:
        if rows or self.at in self._ledger.deleted:
            self._ledger.deleted[self.at] = rows

    @property
    def lasting(self) -> bool:
        return self.at not in self._ledger.passing

    @lasting.setter
    def lasting(self, lasting: bool) -> None:
        (self._ledger.passing.discard if lasting else self._ledger.passing.add)(self.at)

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
