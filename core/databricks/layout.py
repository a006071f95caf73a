"""The metadata schema as it is on Databricks: columns, types, keys, and how each travels.

Derived from `core.rows`, so that mirror and warehouse cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from core import rows

_TYPES = {
    pa.string(): "string",
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.bool_(): "boolean",
    pa.float64(): "double",
    pa.timestamp("us"): "timestamp",
    pa.list_(pa.string()): "array<string>",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A column; `type` is Spark's name, `travels` that of the value on its way.

    Moments travel as microseconds since 1970, so that no session's time zone can shift them.
    """

    name: str
    type: str

    @property
    def travels(self) -> str:
        return "bigint" if self.type == "timestamp" else self.type

    def arrived(self, value: str) -> str:
        """SQL that makes the column's value of the one that travelled."""
        return f"timestamp_micros({value})" if self.type == "timestamp" else value

    def text(self, value: str) -> str:
        """SQL for the value as text that is the same in DuckDB and Spark; null and empty differ."""
        if self.type == "array<string>":
            text = f"CAST(size({value}) AS STRING) || ':' || array_join({value}, chr(30))"
        elif self.type == "timestamp":
            text = f"CAST(unix_micros({value}) AS STRING)"
        else:
            text = value if self.type == "string" else f"CAST({value} AS STRING)"
        return f"coalesce('v' || {text}, 'n')"


@dataclass(frozen=True, slots=True)
class Layout:
    """A table. `key` tells all its rows apart; empty where nothing does.

    A source's rows are cut into ranges at `cut`. Rows of one `cut` stay together unless they are too many
    for one statement; then they are cut at `part`.
    """

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    cut: str
    part: Field | None = None

    @property
    def sent(self) -> tuple[Field, ...]:
        """The columns that travel; the workflow is the same for all rows of a statement."""
        return tuple(field for field in self.fields if field.name != "workflow_id")

    @property
    def compared(self) -> tuple[Field, ...]:
        """The columns that a checksum is over: all that do not name the source."""
        return tuple(field for field in self.fields if field.name not in ("workflow_id", "source_id"))


def _layout(
    name: str,
    schema: pa.Schema,
    key: tuple[str, ...] | None,
    cut: str = "",
    part: str | None = None,
    more: Sequence[Field] = (),
) -> Layout:
    """A layout; `key` is what tells a source's rows apart, None where nothing does."""
    fields = (*(Field(column.name, _TYPES[column.type]) for column in schema), *more)
    found = next((field for field in fields if field.name == part), None)
    whole = () if key is None else ("workflow_id", "source_id", *key)
    return Layout(name, fields, whole, cut, found)


SOURCES = _layout(
    "sources",
    rows.SOURCES,
    (),
    more=(Field("sync_id", "string"), Field("content_hash", "string"), Field("synced_at", "timestamp")),
)
"""A source's row is the mark that all its other rows arrived: `content_hash` tells which."""

CHILDREN = (
    _layout("tables", rows.TABLES, ("table_name",), "table_name"),
    _layout("columns", rows.COLUMNS, ("table_name", "column_name"), "table_name", "position"),
    _layout("files", rows.FILES, ("file_path",), "file_path"),
    _layout("executor_runs", rows.EXECUTOR_RUNS, ("run_id",), "run_id"),
    _layout("schema_changes", rows.SCHEMA_CHANGES, None, "table_name", "column_name"),
)
"""In the order they are sent."""

ALL = (*CHILDREN, SOURCES)

_CHECK = "CAST(sum(CAST(conv(substring(md5({text}), 1, 15), 16, 10) AS DECIMAL(20, 0))) AS STRING)"


def checksum(values: Iterable[tuple[Field, str]]) -> str:
    """SQL for a sum over all rows that any changed value changes; the same text in DuckDB and Spark.

    Takes columns, each with the SQL that gives its value.
    """
    texts = ", ".join(field.text(value) for field, value in values)
    return _CHECK.format(text=f"concat_ws(chr(31), {texts})")


DUCKDB_FUNCTIONS = (
    "CREATE OR REPLACE TEMP MACRO conv(x, a, b) AS CAST(CAST('0x' || x AS UBIGINT) AS VARCHAR)",
    "CREATE OR REPLACE TEMP MACRO array_join(x, s) AS array_to_string(x, s)",
    "CREATE OR REPLACE TEMP MACRO size(x) AS len(x)",
    "CREATE OR REPLACE TEMP MACRO unix_micros(x) AS epoch_us(x)",
)
"""What Spark has and DuckDB calls otherwise."""
