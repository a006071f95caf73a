"""A SQLite file as a source: what `core.formats.sqlitetables` reads of one in a lake, read in place."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.catalog import TableReading
from core.databases.base import Asker, FileDatabase, Kind, Relation, Row
from core.errors import Fault, FileError, SourceError, first_line
from core.formats.sqlitetables import Wanted, read_tables

_BUSY_S = 10.0
# Counting reads all of a table, so it is done unasked only where that takes no time.
_COUNTED = 256 << 20


class SqliteFile(FileDatabase[sqlite3.Connection]):
    """Opened read-only; connection and catalog in one."""

    def __init__(self, path: str, shown: str, *, seconds: float) -> None:
        super().__init__(path, shown)
        self._seconds = seconds

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self.requests["QUERY"] += 1
        try:
            return self._open().execute(sql, tuple(parameters)).fetchall()
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        views = {row[0] for row in ask("SELECT name FROM sqlite_master WHERE type = 'view'")}
        small = self._path == ":memory:" or Path(self._path).stat().st_size <= _COUNTED
        try:
            tables = read_tables(self._open(), Wanted(small, True, self._seconds))
        except FileError as error:
            raise SourceError(error.fault, f"{self._shown}: {error.message}") from None
        for table in tables:
            yield _relation(table, table.part in views)

    def count_sql(self, relation: Relation) -> str:
        name = relation.name.replace('"', '""')
        return f'SELECT count(*) FROM "{name}"'

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._need_file()
            uri = f"{Path(self._path).absolute().as_uri()}?mode=ro"
            try:
                self._database = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, check_same_thread=False)
            except sqlite3.Error as error:
                raise self._fault(error) from None
        return self._database

    def _fault(self, error: sqlite3.Error) -> SourceError:
        text = first_line(error)
        with contextlib.suppress(AttributeError):
            if error.sqlite_errorname in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                hint = "another process writes to it; it is tried again"
                return SourceError(Fault.UNAVAILABLE, f"{self._shown} is locked", hint=hint, transient=True)
        if "not a database" in text:
            return SourceError(Fault.CORRUPT, f"{self._shown} is no SQLite database, or is encrypted")
        return SourceError(Fault.CORRUPT, f"{self._shown} cannot be read: {text}")


def _relation(table: TableReading, is_view: bool) -> Relation:
    return Relation(
        schema="main",
        name=table.part,
        kind=Kind.VIEW if is_view else Kind.TABLE,
        columns=table.columns,
        rows=table.row_count,
        rows_from=table.row_count_source,
        warnings=table.warnings,
    )
