"""The tables of an attached DuckDB database: names, columns, keys, comments, rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.catalog import Column, CountSource, TableReading, TypeSource
from core.datatypes.sql import DUCKDB, spark_type
from core.errors import first_line

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Found:
    """A table or view of a schema; `reading.part` is its name, after its schema unless that is `main`.

    `estimated` is how many rows DuckDB says it has without counting: deleted ones may be among them.
    """

    schema: str
    name: str
    is_view: bool
    comment: str | None
    estimated: int | None
    reading: TableReading


def read_tables(database: duckdb.DuckDBPyConnection, catalog: str, *, count: bool) -> Iterator[Found]:
    """Every table and view of the database attached as `catalog`, by schema and name; raises `duckdb.Error`."""
    keys = {
        (schema, table, name)
        for schema, table, names in database.execute(
            "SELECT schema_name, table_name, constraint_column_names FROM duckdb_constraints()"
            " WHERE database_name = ? AND constraint_type = 'PRIMARY KEY'",
            [catalog],
        ).fetchall()
        for name in names
    }
    columns: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, declared, nullable, comment in database.execute(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()"
        " WHERE database_name = ? AND NOT internal ORDER BY column_index",
        [catalog],
    ).fetchall():
        column = Column(
            name=name,
            type=str(spark_type(declared, DUCKDB) or "string"),
            nullable=nullable,
            native_type=declared,
            type_source=TypeSource.DECLARED,
            is_key=(schema, table, name) in keys,
            comment=comment,
        )
        columns.setdefault((schema, table), []).append(column)
    for schema, table, is_view, comment, estimated in database.execute(
        "SELECT schema_name, table_name, false, comment, estimated_size FROM duckdb_tables()"
        " WHERE database_name = $1 AND NOT internal"
        " UNION ALL"
        " SELECT schema_name, view_name, true, comment, NULL FROM duckdb_views()"
        " WHERE database_name = $1 AND NOT internal"
        " ORDER BY ALL",
        [catalog],
    ).fetchall():
        found = tuple(columns.get((schema, table), ()))
        rows: int | None = None
        warnings: list[str] = []
        if not is_view and count:
            rows, warnings = count_rows(database, catalog, schema, table)
        if not found:
            warnings.append("its columns cannot be told")
        part = table if schema == "main" else f"{schema}.{table}"
        source = None if rows is None else CountSource.DATABASE
        reading = TableReading(found, rows, source, part, tuple(warnings))
        yield Found(schema, table, is_view, comment, estimated, reading)


def count_rows(
    database: duckdb.DuckDBPyConnection, catalog: str, schema: str, table: str
) -> tuple[int | None, list[str]]:
    """The exact number of rows, or why there is none: DuckDB adds up its row groups and what is deleted of them."""
    import duckdb

    try:
        counted = database.execute(f"SELECT count(*) FROM {_quoted(catalog)}.{_quoted(schema)}.{_quoted(table)}")
        found = counted.fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        return None, [f"its rows cannot be counted: {first_line(error)}"]
    return (found[0] if found else None), []


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
