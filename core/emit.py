"""A source's tables and files as rows of the metadata schema, in batches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import pyarrow as pa

from core import rows
from core.assemble import Assembled
from core.catalog import FileStatus, Table
from core.ledger import Ledger
from core.schemas import Said, Schema, columns_to_text

_BATCH = 5_000


class Sink(Protocol):
    """Takes rows, in batches, of the tables of `core.rows`."""

    def write(self, table: str, batch: pa.RecordBatch) -> None: ...


def emit(
    workflow_id: str,
    source_id: str,
    source_path: str,
    reader_key: str,
    ledger: Ledger,
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
    for start, page in ledger.listing.pages():
        sink.write("files", _files(who, ledger, start, page))
        sink.write("readings", _readings(who, ledger, start, page))
    schemas = {said.schema.key: said.schema for said in ledger.distinct()}
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


def _files(who: Mapping[str, str], ledger: Ledger, start: int, page: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of one page of the listing."""
    places = range(start, start + len(page))
    return _batch(
        "files",
        who,
        file_path=page.column("key"),
        size_bytes=page.column("size"),
        last_modified=page.column("modified"),
        etag=page.column("etag"),
        file_type=[ledger.types[at] for at in places],
        table_name=[ledger.table_names[at] for at in places],
        row_count=[ledger.row_count(at) for at in places],
        schema_fingerprint=[said[0].schema.fingerprint if (said := ledger.said(at)) else None for at in places],
        status=[ledger.status(at) for at in places],
        error=[ledger.errors[at] for at in places],
    )


def _readings(who: Mapping[str, str], ledger: Ledger, start: int, page: pa.RecordBatch) -> pa.RecordBatch:
    """What to remember of one page's files; nothing of one whose error may not come again."""
    found: list[tuple[str, Said | None, int | None]] = []
    for at, key in enumerate(page.column("key").to_pylist(), start):
        said = ledger.said(at)
        if ledger.status(at) is FileStatus.IGNORED or at in ledger.passing:
            continue
        if said:
            found.extend((key, one, ledger.rows_of(at, one)) for one in said)
        elif ledger.lakehouses[at] is None:
            # What is not known of a file in a lakehouse table, the table's log tells.
            found.append((key, None, None))
    return _batch(
        "readings",
        who,
        file_path=[key for key, _, _ in found],
        part=[said.part if said else "" for _, said, _ in found],
        row_count=[rows for _, _, rows in found],
        row_count_source=[said.row_count_source if said else None for _, said, _ in found],
        schema_key=[said.schema.key if said else None for _, said, _ in found],
        warnings=[list(said.warnings) if said else None for _, said, _ in found],
        properties=[json.dumps(said.properties) if said and said.properties else None for _, said, _ in found],
    )


def _batch(table: str, who: Mapping[str, str], **columns: Sequence[Any] | pa.Array) -> pa.RecordBatch:
    schema, count = rows.ALL[table], len(columns["file_path"])
    arrays = [
        pa.repeat(who[field.name], count)
        if field.name in who
        else found
        if isinstance(found := columns[field.name], pa.Array)
        else pa.array(found, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema_row(schema: Schema) -> dict[str, Any]:
    return {"schema_key": schema.key, "columns": columns_to_text(schema.columns)}
