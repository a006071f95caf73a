"""The SQL that sync sends. Every statement may run twice: writes replace exactly what they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.databricks.chunks import Chunk
from core.databricks.layout import CHILDREN, SOURCES, Field, Layout, checksum
from core.databricks.local import short
from core.databricks.target import Target
from core.databricks.warehouse import Value

MOST_SOURCES = 200
"""Sources in one statement: it takes 256 parameters at most."""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with its parameters."""

    sql: str
    parameters: Mapping[str, Value]


class Statements:
    """Statements for one target's schema."""

    def __init__(self, target: Target) -> None:
        self._schema = f"{quote(target.catalog)}.{quote(target.schema)}"
        self._legacy = target.catalog.lower() == "hive_metastore"

    def identity(self) -> Statement:
        """Who is logged in."""
        return Statement("SELECT current_user() AS user", {})

    def create_schema(self) -> Statement:
        return Statement(f"CREATE SCHEMA IF NOT EXISTS {self._schema}", {})

    def create_table(self, layout: Layout, *, clustered: bool) -> Statement:
        """A table as it should be. Constraints are only known to Unity Catalog, and only informational there."""
        keys = () if self._legacy else layout.key
        lines = [f"{quote(f.name)} {f.type.upper()}{' NOT NULL' * (f.name in keys)}" for f in layout.fields]
        if keys:
            lines.append(f"CONSTRAINT {quote(layout.name + '_pk')} PRIMARY KEY ({', '.join(map(quote, keys))})")
        cluster = " CLUSTER BY (`workflow_id`, `source_id`)" if clustered else ""
        return Statement(
            f"CREATE TABLE IF NOT EXISTS {self.table(layout)} ({', '.join(lines)}) USING DELTA{cluster}", {}
        )

    def describe(self, layout: Layout) -> Statement:
        return Statement(f"DESCRIBE TABLE {self.table(layout)}", {})

    def add_columns(self, layout: Layout, fields: Sequence[Field]) -> Statement:
        columns = ", ".join(f"{quote(field.name)} {field.type.upper()}" for field in fields)
        return Statement(f"ALTER TABLE {self.table(layout)} ADD COLUMNS ({columns})", {})

    def marks(self, workflow_id: str | None, *, bare: bool = False) -> Statement:
        """The marks of all sources, or of one workflow's; `bare` where no source can have any."""
        where, parameters = ("", {}) if workflow_id is None else (" WHERE `workflow_id` = :w", {"w": workflow_id})
        mark = "`sync_id`, `content_hash`, unix_micros(`synced_at`) AS synced_us"
        if bare:
            mark = "CAST(NULL AS STRING) AS sync_id, CAST(NULL AS STRING) AS content_hash, CAST(NULL AS BIGINT) AS us"
        fields = f"`workflow_id`, `source_id`, {mark}"
        return Statement(f"SELECT {fields} FROM {self.table(SOURCES)}{where}", parameters)

    def sums(self, workflow_id: str, source_ids: Sequence[str], actual: Mapping[str, Mapping[str, str]]) -> Statement:
        """Rows and checksum of every table, by source; `actual` gives the columns' types as they are."""
        where, parameters = _of(workflow_id, source_ids)
        parts = []
        for layout in CHILDREN:
            types = actual[layout.name]
            check = checksum((field, _read(field, types[field.name])) for field in layout.compared)
            parts.append(
                f"SELECT '{layout.name}' AS name, `source_id`, count(*) AS n, {check} AS h"
                f" FROM {self.table(layout)} WHERE {where} GROUP BY `source_id`"
            )
        return Statement(" UNION ALL ".join(parts), parameters)

    def unmark(self, workflow_id: str, source_ids: Sequence[str]) -> Statement:
        """Say that what is there of some sources is no longer what their mark tells."""
        where, parameters = _of(workflow_id, source_ids)
        hash_ = quote("content_hash")
        return Statement(
            f"UPDATE {self.table(SOURCES)} SET {hash_} = NULL WHERE {where} AND {hash_} IS NOT NULL", parameters
        )

    def replace(self, layout: Layout, workflow_id: str, chunk: Chunk, actual: Mapping[str, str]) -> Statement:
        """Put a chunk's rows in place of everything that its predicate holds for."""
        where, parameters = _of(workflow_id, chunk.sources)
        more, bounds = _range(layout, chunk)
        shape = ",".join(f"{name}:{field.travels}" for name, field in short(layout))
        rows = f"(SELECT inline(from_json(:rows, 'array<struct<{shape}>>')))"
        values = {field.name: field.arrived(f"r.`{name}`") for name, field in short(layout)}
        return Statement(
            self._insert(layout, where + more, values, actual, rows), {**parameters, **bounds, "rows": chunk.json}
        )

    def replace_from(
        self, layout: Layout, workflow_id: str, source_ids: Sequence[str], folder: str, actual: Mapping[str, str]
    ) -> Statement:
        """Put the rows of Parquet files in a volume in place of everything of some sources."""
        where, parameters = _of(workflow_id, source_ids)
        values = {field.name: field.arrived(f"r.{quote(field.name)}") for field in layout.sent}
        return Statement(self._insert(layout, where, values, actual, f"parquet.{quote(folder)}"), parameters)

    def delete(self, layout: Layout, workflow_id: str, source_ids: Sequence[str]) -> Statement:
        where, parameters = _of(workflow_id, source_ids)
        return Statement(f"DELETE FROM {self.table(layout)} WHERE {where}", parameters)

    def table(self, layout: Layout) -> str:
        """A table's full name."""
        return f"{self._schema}.{quote(layout.name)}"

    def _insert(
        self, layout: Layout, where: str, values: Mapping[str, str], actual: Mapping[str, str], rows: str
    ) -> str:
        """Values go in by position, so every column of the target gets one, ours or not."""
        known = {field.name: field for field in layout.fields}
        given = {**values, "workflow_id": ":w"}
        parts = [
            _stored(known[name], given[name], type_) if name in known else f"CAST(NULL AS {type_})"
            for name, type_ in actual.items()
        ]
        return f"INSERT INTO {self.table(layout)} REPLACE WHERE {where} SELECT {', '.join(parts)} FROM {rows} AS r"


def quote(name: str) -> str:
    """An identifier as Databricks SQL."""
    return "`" + name.replace("`", "``") + "`"


def _of(workflow_id: str, source_ids: Sequence[str]) -> tuple[str, dict[str, Value]]:
    """The predicate of some sources with its parameters."""
    names = [f"s{at}" for at in range(len(source_ids))]
    where = f"`workflow_id` = :w AND `source_id` IN ({', '.join(f':{name}' for name in names)})"
    return where, {"w": workflow_id, **dict(zip(names, source_ids, strict=True))}


def _range(layout: Layout, chunk: Chunk) -> tuple[str, dict[str, Value]]:
    column, parts, parameters = quote(layout.cut), [], dict[str, Value]()
    if chunk.cut is not None:
        assert layout.part is not None, "only a table with parts is cut there"
        parts.append(f"{column} = :cut")
        parameters["cut"] = chunk.cut
        column = quote(layout.part.name)
    if (low := chunk.low) is not None:
        parts.append(f"{column} {'>=' if low.inclusive else '>'} :low")
        parameters["low"] = low.value
    if (high := chunk.high) is not None:
        below = f"{column} < :high"
        parts.append(below if chunk.low is not None else f"({below} OR {column} IS NULL)")
        parameters["high"] = high.value
    return "".join(f" AND {part}" for part in parts), parameters


def _stored(field: Field, value: str, actual: str) -> str:
    """A value as a column of the type that the target really has."""
    if field.type == "array<string>" and actual == "string":
        return f"to_json({value})"
    return f"CAST({value} AS {actual})"


def _read(field: Field, actual: str) -> str:
    """A column of the target as the type that we know it by."""
    column = quote(field.name)
    if actual == field.type:
        return column
    if field.type == "array<string>" and actual == "string":
        return f"from_json({column}, 'array<string>')"
    return f"CAST({column} AS {field.type})"
