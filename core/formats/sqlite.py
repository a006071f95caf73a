"""SQLite databases, read by SQLite: every table and view is a table.

It opens no ranges, so a file is fetched whole, up to a bound; of a larger one only the pages of its schema, which tell
columns but no rows.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from core.catalog import FileReading, TableReading
from core.errors import Fault, FileError, first_line
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.random import looks_random
from core.formats.spool import Spool
from core.formats.sqlitepages import HEADER, MAGIC, Header, schema_pages
from core.formats.sqlitetables import Wanted, read_tables
from core.text import size as size_text

_RANGE = 8 << 20
_WHOLE = 64 << 20
_LARGEST = 1 << 30
_SECONDS = 30.0
_VERSIONS = slice(18, 20)
_ROLLBACK = b"\x01\x01"


class Sqlite:
    """Files of up to `whole` bytes are fetched whole, of up to `largest` when rows are to be counted exactly.

    Up to `in_memory` bytes are opened in memory, more from a temporary file. Counting ends after `seconds`.
    """

    name = "sqlite"
    suffixes = (".sqlite", ".sqlite3", ".db3", ".s3db", ".gpkg", ".db")
    end: Literal["head"] = "head"

    def __init__(
        self, *, in_memory: int = _RANGE, whole: int = _WHOLE, largest: int = _LARGEST, seconds: float = _SECONDS
    ) -> None:
        self._in_memory, self._whole, self._largest, self._seconds = in_memory, whole, largest, seconds

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return head.startswith(MAGIC)

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        start = yield from opened.fetch(0, HEADER)
        if not start.startswith(MAGIC) and looks_random(opened.head):
            raise FileError(Fault.ENCRYPTED, "it is encrypted, or no SQLite database at all")
        header = Header.read(start)
        if header.pages * header.page_size > opened.size:
            raise FileError(
                Fault.CORRUPT,
                f"it is cut short: {opened.size:,} bytes where its header says {header.pages * header.page_size:,}",
            )
        if opened.size <= (self._largest if options.row_counts == "exact" else self._whole):
            wanted = Wanted(options.row_counts != "none", True, self._seconds)
            tables = yield from self._whole_file(opened, header, wanted)
        else:
            tables = yield from self._schema_only(opened, header, options)
        if header.wal:
            tables = tuple(_with_warning(t, "it may have newer rows in its write-ahead log") for t in tables)
        return FileReading(self.name, tables)

    def _whole_file(
        self, opened: Opened, header: Header, wanted: Wanted
    ) -> Generator[Span, bytes, tuple[TableReading, ...]]:
        if opened.size <= self._in_memory:
            rest = yield from opened.fetch(len(opened.head), opened.size)
            with _opened_in_memory(_without_log(opened.head + rest, header)) as database:
                return read_tables(database, wanted)
        with Spool(opened.size) as spool:
            at = 0
            while at < opened.size:
                data = opened.head if at < len(opened.head) else b""
                if not data:
                    data = yield from opened.fetch(at, at + _RANGE)
                spool.write(at, _without_log(data, header) if at == 0 else data)
                at += len(data)
            with _opened_on_disk(spool) as database:
                return read_tables(database, wanted)

    def _schema_only(
        self, opened: Opened, header: Header, options: ReadOptions
    ) -> Generator[Span, bytes, tuple[TableReading, ...]]:
        pages = yield from schema_pages(opened, header)
        why = ""
        if options.row_counts == "exact":
            why = f"rows not counted: the file is larger than {size_text(self._largest)}"
        elif options.row_counts != "none":
            why = f"rows not counted: the file is larger than {size_text(self._whole)} (row_counts = exact counts them)"
        with Spool(opened.size) as spool:
            for number, page in pages.items():
                spool.write((number - 1) * header.page_size, _without_log(page, header) if number == 1 else page)
            with _opened_on_disk(spool) as database:
                return read_tables(database, Wanted(False, False, self._seconds, why))


def _with_warning(table: TableReading, warning: str) -> TableReading:
    return replace(table, warnings=(*table.warnings, warning))


def _without_log(start: bytes, header: Header) -> bytes:
    """The beginning of a file without its word that it has a write-ahead log, without which it would not be opened."""
    if not header.wal:
        return start
    return start[: _VERSIONS.start] + _ROLLBACK + start[_VERSIONS.stop :]


@contextlib.contextmanager
def _opened_in_memory(data: bytes) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        try:
            database.deserialize(data)
        except sqlite3.Error as error:
            raise FileError(Fault.CORRUPT, f"it cannot be opened: {first_line(error)}") from error
        yield database


@contextlib.contextmanager
def _opened_on_disk(spool: Spool) -> Iterator[sqlite3.Connection]:
    """Opened while the file has a name, and used after."""
    with contextlib.ExitStack() as stack:
        with spool.named() as path:
            database = stack.enter_context(contextlib.closing(_connect(path)))
        yield database


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise FileError(Fault.CORRUPT, f"it cannot be opened: {first_line(error)}") from error
