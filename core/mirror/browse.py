"""Walking the mirror: workflows, their sources, tables, columns and files, as frozen rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from core.mirror.mirror import Mirror
from core.mirror.session import literal

T = TypeVar("T")

MOST_FILES = 10_000
"""How many files or changes are given at most; whoever shows so many says that there may be more."""
MOST_SHARES = 1_000
"""How many tables by size, reasons or runs are given at most; the same holds for them."""


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow with what its sources hold together."""

    workflow_id: str
    sources: int
    tables: int
    columns: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as its last good run left it; `extracted_at` is UTC."""

    workflow_id: str
    source_id: str
    source_path: str
    source_type: str
    extracted_at: datetime
    files: int
    bytes: int
    tables: int
    columns: int
    failed: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as a list of very many names it: with its rows, None where they aren't known, or that it is a view."""

    name: str
    rows: int | None
    view: bool


@dataclass(frozen=True, slots=True)
class TableRow:
    """A table; `rows` is None where it isn't known, `rows_from` says how it is; `properties` is JSON."""

    name: str
    path: str
    type: str
    rows: int | None
    rows_from: str | None
    columns: int
    bytes: int | None
    files: int | None
    partitions: tuple[str, ...]
    grouping: str | None
    warnings: tuple[str, ...]
    comment: str | None
    properties: str | None


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A column; `present` is in how many of its table's files it is."""

    position: int
    name: str
    type: str
    nullable: bool
    partition: bool
    key: bool
    native: str | None
    type_from: str | None
    present: int | None
    variants: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a table, or one that no table has."""

    path: str
    status: str
    bytes: int | None
    rows: int | None
    modified: datetime | None
    type: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of a schema, as a run found it."""

    at: datetime
    table: str
    column: str | None
    change: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a source."""

    started: datetime
    status: str
    read: int
    unchanged: int
    requests: int
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """What of a source one format, status or reason makes up."""

    name: str
    count: int
    bytes: int
    rows: int | None = None


class Browser:
    """Reads the mirror for whoever browses it; every call is one query."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def workflows(self) -> list[WorkflowRow]:
        """Every workflow, by name; none when there is no mirror yet."""
        if not self._mirror.exists():
            return []
        return self._rows(
            WorkflowRow,
            "SELECT workflow_id, count(*) AS sources, sum(tables_found)::BIGINT AS tables,"
            " sum(columns_found)::BIGINT AS columns, sum(files_found)::BIGINT AS files,"
            " sum(total_size_bytes)::BIGINT AS bytes FROM sources GROUP BY ALL ORDER BY workflow_id",
        )

    def sources(self, workflow_id: str) -> list[SourceRow]:
        """A workflow's sources, by name."""
        return self._rows(
            SourceRow,
            "SELECT workflow_id, source_id, source_path, source_type, extraction_timestamp AS extracted_at,"
            " files_found AS files, total_size_bytes AS bytes, tables_found AS tables, columns_found AS columns,"
            " files_failed AS failed, duration_s FROM sources WHERE workflow_id = $w ORDER BY source_id",
            {"w": workflow_id},
        )

    def table_names(self, workflow_id: str, source_id: str) -> list[TableName]:
        """A source's tables, by name: fast also for 50,000 of them."""
        return self._rows(
            TableName,
            "SELECT table_name AS name, row_count AS rows, coalesce(grouping, '') = 'view' AS view"
            f" FROM tables {_OF_SOURCE} ORDER BY table_name",
            {"w": workflow_id, "s": source_id},
        )

    def table(self, workflow_id: str, source_id: str, table: str) -> TableRow | None:
        """One table; None when the mirror holds it no more."""
        found = self._rows(
            TableRow,
            "SELECT table_name AS name, file_path AS path, file_type AS type, row_count AS rows,"
            " row_count_source AS rows_from, column_count AS columns, size_bytes AS bytes, file_count AS files,"
            " coalesce(partition_columns, []) AS partitions, grouping, coalesce(warnings, []) AS warnings, comment,"
            " properties"
            f" FROM tables {_OF_SOURCE} AND table_name = $t",
            {"w": workflow_id, "s": source_id, "t": table},
        )
        return found[0] if found else None

    def columns(self, workflow_id: str, source_id: str, table: str) -> list[ColumnRow]:
        """A table's columns, in order."""
        return self._rows(
            ColumnRow,
            "SELECT position, column_name AS name, data_type AS type, is_nullable AS nullable,"
            ' coalesce(is_partition, false) AS partition, coalesce(is_primary_key, false) AS "key",'
            " native_type AS native, type_source AS type_from, present_in_files AS present,"
            " coalesce(type_variants, []) AS variants, comment"
            f" FROM columns {_OF_SOURCE} AND table_name = $t ORDER BY position",
            {"w": workflow_id, "s": source_id, "t": table},
        )

    def files(self, workflow_id: str, source_id: str, table: str | None = None) -> list[FileRow]:
        """A table's files, or all of a source: failed ones first, at most `MOST_FILES`."""
        return self._rows(
            FileRow,
            "SELECT file_path AS path, status, size_bytes AS bytes, row_count AS rows, last_modified AS modified,"
            f" file_type AS type, error FROM files {_OF_SOURCE} AND ($t IS NULL OR table_name = $t)"
            f" ORDER BY status <> 'failed', file_path LIMIT {MOST_FILES}",
            {"w": workflow_id, "s": source_id, "t": table},
        )

    def changes(self, workflow_id: str, source_id: str, table: str | None = None) -> list[ChangeRow]:
        """How the schema of a table, or of all of a source's, changed: newest first, at most `MOST_FILES`."""
        return self._rows(
            ChangeRow,
            'SELECT detected_at AS "at", table_name AS "table", column_name AS "column", change, old_value AS old,'
            f" new_value AS new FROM schema_changes {_OF_SOURCE} AND ($t IS NULL OR table_name = $t)"
            f" ORDER BY detected_at DESC, table_name, column_name LIMIT {MOST_FILES}",
            {"w": workflow_id, "s": source_id, "t": table},
        )

    def runs(self, workflow_id: str, source_id: str) -> list[RunRow]:
        """A source's runs, newest first, at most `MOST_SHARES`."""
        return self._rows(
            RunRow,
            "SELECT started_at AS started, status, files_read AS read, files_unchanged AS unchanged, requests,"
            f" attempts, error_message AS error FROM executor_runs {_OF_SOURCE} ORDER BY started_at DESC"
            f" LIMIT {MOST_SHARES}",
            {"w": workflow_id, "s": source_id},
        )

    def formats(self, workflow_id: str, source_id: str) -> list[Share]:
        """A source's tables by format, the largest first."""
        return self._rows(
            Share,
            "SELECT coalesce(file_type, 'unknown') AS name, count(*) AS count,"
            " coalesce(sum(size_bytes), 0)::BIGINT AS bytes, sum(row_count)::BIGINT AS rows"
            f" FROM tables {_OF_SOURCE} GROUP BY 1 ORDER BY bytes DESC, name",
            {"w": workflow_id, "s": source_id},
        )

    def largest(self, workflow_id: str, source_id: str, prefix: str = "") -> list[Share]:
        """The largest tables whose names begin so, at most `MOST_SHARES`; `count` is of their files."""
        return self._rows(
            Share,
            "SELECT table_name AS name, coalesce(file_count, 0) AS count, coalesce(size_bytes, 0) AS bytes,"
            f" row_count AS rows FROM tables {_OF_SOURCE} AND starts_with(table_name, $p)"
            f" ORDER BY bytes DESC, coalesce(row_count, -1) DESC, name LIMIT {MOST_SHARES}",
            {"w": workflow_id, "s": source_id, "p": prefix},
        )

    def accounting(self, workflow_id: str, source_id: str) -> list[Share]:
        """A source's objects by status; their sum is what was listed."""
        return self._rows(
            Share,
            "SELECT status AS name, count(*) AS count, coalesce(sum(size_bytes), 0)::BIGINT AS bytes"
            f" FROM files {_OF_SOURCE} GROUP BY 1 ORDER BY count DESC, name",
            {"w": workflow_id, "s": source_id},
        )

    def failures(self, workflow_id: str, source_id: str) -> list[Share]:
        """Why files of a source could not be read, the most frequent reason first, at most `MOST_SHARES`."""
        return self._rows(
            Share,
            "SELECT coalesce(error, 'no reason known') AS name, count(*) AS count,"
            " coalesce(sum(size_bytes), 0)::BIGINT AS bytes"
            f" FROM files {_OF_SOURCE} AND status = 'failed' GROUP BY 1 ORDER BY count DESC, name"
            f" LIMIT {MOST_SHARES}",
            {"w": workflow_id, "s": source_id},
        )

    def _rows(self, row: type[T], sql: str, params: Mapping[str, Any] | None = None) -> list[T]:
        found = self._mirror.query(sql, params=params)
        columns = [column.to_pylist() for column in found.columns]
        lists = [at for at, field in enumerate(found.schema) if str(field.type).startswith("list")]
        for at in lists:
            columns[at] = [tuple(value) for value in columns[at]]
        names = found.column_names
        return [row(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


_OF_SOURCE = "WHERE workflow_id = $w AND source_id = $s"


def question_about(
    workflow_id: str, source_id: str | None = None, table: str | None = None, *, prefix: str = ""
) -> str:
    """SQL to begin with: a table's columns, the tables of a source (those that begin with `prefix`), or the sources."""
    where = [f"workflow_id = {literal(workflow_id)}"]
    if source_id is not None:
        where.append(f"source_id = {literal(source_id)}")
    if table is not None:
        where.append(f"table_name = {literal(table)}")
        fields, asked, order = "column_name, data_type, is_nullable, native_type", "columns", "position"
    elif source_id is not None:
        where += [f"starts_with(table_name, {literal(prefix)})"] if prefix else []
        fields, asked, order = "table_name, file_type, row_count, file_count", "tables", "table_name"
    else:
        fields, asked, order = "source_id, source_type, files_found, tables_found", "sources", "source_id"
    return f"SELECT {fields}\nFROM {asked}\nWHERE {' AND '.join(where)}\nORDER BY {order}"
