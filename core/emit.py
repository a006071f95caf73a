"""A source's tables and files as rows of the metadata schema, in batches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import pyarrow as pa

from core import rows
from core.assemble import Assembled
from core.catalog import FileStatus, Table
from core.listing import Listed
from core.schemas import Schema, columns_to_text

_BATCH = 5_000


class Sink(Protocol):
    """Takes rows, in batches, of the tables of `core.rows`."""

    def write(self, table: str, batch: pa.RecordBatch) -> None: ...


def emit(
    workflow_id: str,
    source_id: str,
    source_path: str,
    reader_key: str,
    listed: Sequence[Listed],
    done: Assembled,
    sink: Sink,
) -> None:
    """Write all rows of one source; `sources` and `executor_runs` are the run's to write."""
    who = {"workflow_id": workflow_id, "source_id": source_id}

    def write(table: str, records: Iterable[dict[str, Any]]) -> None:
        for chunk in _chunks(records):
            sink.write(table, pa.RecordBatch.from_pylist([who | r for r in chunk], schema=rows.ALL[table]))

    write("tables", map(_table_row, done.tables))
    write("columns", (row for table in done.tables for row in _column_rows(table)))
    write("files", map(_file_row, listed))
    write("readings", (row for entry in listed for row in _reading_rows(entry)))
    schemas = {said.schema.key: said.schema for entry in listed for said in entry.tables}
    write("file_schemas", map(_schema_row, schemas.values()))
    write("lakehouses", ({"root": root, "facts": facts} for root, facts in done.facts.items()))
    write("snapshots", [{"source_path": source_path, "reader_key": reader_key}])


def _chunks(records: Iterable[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    source = iter(records)
    while chunk := list(islice(source, _BATCH)):
        yield chunk


def _table_row(table: Table) -> dict[str, Any]:
    return {
        "table_name": table.name,
        "file_path": table.path,
        "file_type": table.file_type,
        "row_count": table.row_count,
        "column_count": len(table.columns),
        "size_bytes": table.size_bytes,
        "file_count": table.file_count,
        "row_count_source": table.row_count_source,
        "partition_columns": list(table.partition_columns),
        "grouping": table.grouping,
        "warnings": list(table.warnings),
        "comment": table.comment,
        "properties": json.dumps(table.properties) if table.properties else None,
    }


def _column_rows(table: Table) -> Iterator[dict[str, Any]]:
    for position, column in enumerate(table.columns):
        yield {
            "table_name": table.name,
            "column_name": column.name,
            "data_type": column.type,
            "position": position,
            "is_nullable": column.nullable,
            "sample_values": list(column.samples),
            "is_partition": column.is_partition,
            "is_primary_key": column.is_key,
            "native_type": column.native_type,
            "type_source": column.type_source,
            "present_in_files": column.present_in_files,
            "type_variants": list(column.type_variants),
            "comment": column.comment,
        }


def _file_row(entry: Listed) -> dict[str, Any]:
    file = entry.file
    return {
        "file_path": file.key,
        "size_bytes": file.size,
        "last_modified": file.modified,
        "etag": file.etag,
        "file_type": entry.file_type,
        "table_name": entry.table_name,
        "row_count": entry.row_count,
        "schema_fingerprint": entry.tables[0].schema.fingerprint if entry.tables else None,
        "status": entry.status,
        "error": entry.error,
    }


def _reading_rows(entry: Listed) -> Iterator[dict[str, Any]]:
    """What to remember of a file; nothing of one whose error may not come again."""
    if entry.status is FileStatus.IGNORED or not entry.lasting:
        return
    if entry.lakehouse is not None and not entry.tables:
        return  # what is not known of it, the table's log tells
    if not entry.tables:
        yield {"file_path": entry.file.key, "part": ""}
    for said in entry.tables:
        yield {
            "file_path": entry.file.key,
            "part": said.part,
            "row_count": said.row_count,
            "row_count_source": said.row_count_source,
            "schema_key": said.schema.key,
            "warnings": list(said.warnings),
            "properties": json.dumps(said.properties) if said.properties else None,
        }


def _schema_row(schema: Schema) -> dict[str, Any]:
    return {"schema_key": schema.key, "columns": columns_to_text(schema.columns)}
