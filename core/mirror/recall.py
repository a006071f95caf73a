"""What is remembered of listed files, joined to the listing in DuckDB a stretch at a time.

Both are in key order, so each stretch reads only what lies in it, and the memory for the join is the same for a
thousand files and for ten million.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb

_STRETCH = 5_000
# The same few texts in very many rows.
_REPEATED = ("row_count_source", "schema_key", "properties", "file_type", "error")


def recall(
    connection: duckdb.DuckDBPyConnection, sql: str, names: dict[str, str], listed: pa.RecordBatchReader
) -> pa.Table:
    """The rows of `remembered.sql` for a listing in key order, by place and part."""
    found: list[pa.Table] = []
    for stretch in _stretches(listed):
        keys = stretch.column("key")
        connection.register("listed", stretch)
        try:
            bounds = {"first": keys[0].as_py(), "last": keys[len(keys) - 1].as_py()}
            found.append(_packed(connection.sql(sql, params={**names, **bounds}).to_arrow_table()))
        finally:
            connection.unregister("listed")
    return pa.concat_tables(found) if found else pa.table({"at": pa.array([], pa.int64())})


def _stretches(listed: pa.RecordBatchReader) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    for batch in listed:
        batches.append(batch)
        if sum(map(len, batches)) >= _STRETCH:
            yield pa.Table.from_batches(batches)
            batches = []
    if batches:
        yield pa.Table.from_batches(batches)


def _packed(rows: pa.Table) -> pa.Table:
    for name in _REPEATED:
        at = rows.column_names.index(name)
        rows = rows.set_column(at, name, rows.column(name).dictionary_encode())
    return rows
