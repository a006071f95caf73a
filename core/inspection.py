"""Looking at one place without keeping anything: what `nuvyn inspect` shows."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from core.connections import Connection
from core.databases.open import open_database
from core.extract import Extraction, extract
from core.extract_database import STATEMENT_TIMEOUT_S, extract_database
from core.formats.base import ReadOptions
from core.planning import Request
from core.progress import Progress
from core.retry import RetryingStore
from core.sources.locations import Kind, format_of, locate, root_name
from core.sources.stores.open import open_store

_RETRIES = 3


@dataclass(slots=True)
class Collected:
    """A sink that keeps all rows in memory, by table."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        self.rows[table] += batch.to_pylist()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one place holds: the sums, and rows of the metadata schema's tables."""

    location: str
    kind: str
    extraction: Extraction
    tables: list[dict[str, Any]]
    columns: dict[str, list[dict[str, Any]]]
    files: list[dict[str, Any]]


async def inspect(
    path: str, source_type: str, connection: Connection | None, read: ReadOptions, progress: Progress
) -> Inspection:
    """List and read a file or folder as a run would.

    Raises:
        NuvynError: the path can't be placed, listed, or nothing of it could be read.
    """
    location = locate(path, source_type, connection=connection)
    request = Request(
        workflow_id="inspect",
        source_id="inspect",
        source_path=location.shown,
        root_name=root_name(location, "root"),
        read=read,
    )
    sink = Collected()
    if location.kind is Kind.DATABASE:
        opened, catalog = open_database(location, connection, statement_timeout_s=STATEMENT_TIMEOUT_S)
        try:
            done = await extract_database(request, opened, catalog, location.scheme, sink, progress)
        finally:
            await asyncio.to_thread(opened.close)
    else:
        store = RetryingStore(open_store(location, connection), retries=_RETRIES)
        try:
            done = await extract(request, store, None, sink, progress)
        finally:
            await store.close()
    columns: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sink.rows["columns"]:
        columns[row["table_name"]].append(_without_source(row))
    return Inspection(
        location=location.shown,
        kind=location.kind.value,
        extraction=done,
        tables=[_without_source(row) for row in sink.rows["tables"]],
        columns=dict(columns),
        files=[_without_source(row) for row in sink.rows["files"]],
    )


def read_options(source_type: str, row_counts: Any, sample_values: int) -> ReadOptions:
    """How to read for an inspection; a file format as the type reads only that."""
    return ReadOptions(row_counts=row_counts, sample_values=sample_values, only=format_of(source_type))


def _without_source(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("workflow_id", "source_id")}
