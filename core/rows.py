"""The rows that one source gives to each table of the metadata schema, as Arrow schemas.

The column names are the contract's; what a run adds around them (`sources`, `executor_runs`)
and the reader's own memory (`readings`, `file_schemas`) stand here too, so that stage, mirror
and sync agree on one description.
"""

from __future__ import annotations

import pyarrow as pa

_TEXTS = pa.list_(pa.string())
_MOMENT = pa.timestamp("us")


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, type_) for name, type_ in columns.items()])


SOURCES = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    source_path=pa.string(),
    source_type=pa.string(),
    extraction_timestamp=_MOMENT,
    files_found=pa.int64(),
    total_size_bytes=pa.int64(),
    tables_found=pa.int64(),
    columns_found=pa.int64(),
    files_failed=pa.int64(),
    job_id=pa.string(),
    duration_s=pa.float64(),
)
TABLES = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    table_name=pa.string(),
    file_path=pa.string(),
    file_type=pa.string(),
    row_count=pa.int64(),
    column_count=pa.int64(),
    size_bytes=pa.int64(),
    file_count=pa.int64(),
    row_count_source=pa.string(),
    partition_columns=_TEXTS,
    grouping=pa.string(),
    warnings=_TEXTS,
    comment=pa.string(),
    properties=pa.string(),
)
COLUMNS = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    table_name=pa.string(),
    column_name=pa.string(),
    data_type=pa.string(),
    position=pa.int32(),
    is_nullable=pa.bool_(),
    sample_values=_TEXTS,
    is_partition=pa.bool_(),
    is_primary_key=pa.bool_(),
    native_type=pa.string(),
    type_source=pa.string(),
    present_in_files=pa.int64(),
    type_variants=_TEXTS,
    comment=pa.string(),
)
FILES = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    file_path=pa.string(),
    size_bytes=pa.int64(),
    last_modified=_MOMENT,
    etag=pa.string(),
    file_type=pa.string(),
    table_name=pa.string(),
    row_count=pa.int64(),
    schema_fingerprint=pa.string(),
    status=pa.string(),
    error=pa.string(),
)
EXECUTOR_RUNS = _schema(
    run_id=pa.string(),
    executor_version=pa.string(),
    workflow_id=pa.string(),
    source_id=pa.string(),
    run_mode=pa.string(),
    status=pa.string(),
    error_message=pa.string(),
    started_at=_MOMENT,
    finished_at=_MOMENT,
    attempts=pa.int64(),
    files_read=pa.int64(),
    files_unchanged=pa.int64(),
    requests=pa.int64(),
)
SCHEMA_CHANGES = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    job_id=pa.string(),
    detected_at=_MOMENT,
    table_name=pa.string(),
    column_name=pa.string(),
    change=pa.string(),
    old_value=pa.string(),
    new_value=pa.string(),
)
"""Made by the mirror when it commits, so no stage holds any."""

READINGS = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    file_path=pa.string(),
    part=pa.string(),
    row_count=pa.int64(),
    row_count_source=pa.string(),
    schema_key=pa.string(),
    warnings=_TEXTS,
    properties=pa.string(),
)
"""What each file said, so that an unchanged one need not be read again.

A file without a schema here is of no known format, or failed for good (broken, encrypted).
"""

FILE_SCHEMAS = _schema(
    workflow_id=pa.string(),
    source_id=pa.string(),
    schema_key=pa.string(),
    columns=pa.string(),
)
"""Each distinct schema of a source's files once; `columns` is JSON."""

LAKEHOUSES = _schema(workflow_id=pa.string(), source_id=pa.string(), root=pa.string(), facts=pa.string())
"""What the log of each Delta or Iceberg table said (JSON), so that an unchanged log is not read again."""

SNAPSHOTS = _schema(workflow_id=pa.string(), source_id=pa.string(), source_path=pa.string(), reader_key=pa.string())
"""By which reader and options a source's files were read; another key means reading all again."""

PUBLIC = {
    "sources": SOURCES,
    "tables": TABLES,
    "columns": COLUMNS,
    "files": FILES,
    "executor_runs": EXECUTOR_RUNS,
}
INTERNAL = {"readings": READINGS, "file_schemas": FILE_SCHEMAS, "lakehouses": LAKEHOUSES, "snapshots": SNAPSHOTS}
ALL = PUBLIC | INTERNAL
