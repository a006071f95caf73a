"""A DuckDB file as a source: what `core.formats.duckdbtables` reads of one in a lake, read in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from core.catalog import CountSource
from core.databases.base import Asker, FileDatabase, Kind, Relation, Row
from core.duckdb_faults import is_taken
from core.errors import Fault, SourceError, first_line
from core.formats.duckdbtables import Found, read_tables

if TYPE_CHECKING:
    import duckdb

_CATALOG = "source"


class DuckDbFile(FileDatabase["duckdb.DuckDBPyConnection"]):
    """Attached read-only, with nothing else within reach; connection and catalog in one."""

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        import duckdb

        self.requests["QUERY"] += 1
        try:
            return list(self._open().execute(sql, list(parameters)).fetchall())
        except duckdb.Error as error:
            raise self._fault(error) from None

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        import duckdb

        # Keys, columns, tables and views.
        self.requests["QUERY"] += 3
        try:
            yield from map(_relation, read_tables(self._open(), _CATALOG, count=False))
        except duckdb.Error as error:
            raise self._fault(error) from None

    def count_sql(self, relation: Relation) -> str:
        schema, name = (text.replace('"', '""') for text in (relation.schema, relation.name))
        return f'SELECT count(*) FROM {_CATALOG}."{schema}"."{name}"'

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._database is None:
            if self._path.startswith("md:"):
                raise SourceError(
                    Fault.UNSUPPORTED,
                    f"{self._shown} is at MotherDuck, which is not read",
                    hint="copy it into a file: ATTACH 'copy.duckdb'; COPY FROM DATABASE … TO copy",
                )
            self._need_file()
            import duckdb

            database = duckdb.connect(":memory:", config={"autoinstall_known_extensions": False})
            try:
                database.execute("SET enable_progress_bar = false")
                path = self._path.replace("'", "''")
                database.execute(f"ATTACH '{path}' AS {_CATALOG} (READ_ONLY, TYPE duckdb)")
                # Its views may name other files and addresses.
                database.execute("SET enable_external_access = false")
            except duckdb.Error as error:
                database.close()
                raise self._fault(error) from None
            self._database = database
        return self._database

    def _fault(self, error: Exception) -> SourceError:
        text = first_line(error)
        if is_taken(error):
            hint = "another process has it open for writing; it is tried again"
            return SourceError(Fault.UNAVAILABLE, f"{self._shown} is locked", hint=hint, transient=True)
        return SourceError(Fault.CORRUPT, f"{self._shown} cannot be read: {text}")


def _relation(found: Found) -> Relation:
    return Relation(
        schema=found.schema,
        name=found.name,
        kind=Kind.VIEW if found.is_view else Kind.TABLE,
        columns=found.reading.columns,
        rows=found.estimated,
        rows_from=None if found.estimated is None else CountSource.ESTIMATED,
        comment=found.comment,
        warnings=found.reading.warnings,
    )
