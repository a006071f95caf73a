"""The whole extraction of one source in this process: list, read, group, rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from core import rows
from core.extract import Extraction, extract
from core.formats.base import ReadOptions
from core.inspection import Collected
from core.memory import Recollect, Remembered
from core.mirror.recall import recall
from core.planning import Request
from core.progress import Progress
from core.sources.stores.base import LISTING, Span, Store
from core.sources.stores.local import LocalStore


class DictStore:
    """Objects in memory, listed in the order they are given in; notes every range that is read."""

    def __init__(self, objects: Mapping[str, bytes], *, page: int = 1000) -> None:
        self._objects, self._page = dict(objects), page
        self.requests: Counter[str] = Counter()
        self.warnings: Sequence[str] = ()
        self.ranges: list[tuple[str, Span]] = []

    async def pages(self) -> AsyncIterator[pa.RecordBatch]:
        keys = list(self._objects)
        for at in range(0, len(keys), self._page):
            self.requests["LIST"] += 1
            rows = [
                {"key": key, "size": len(self._objects[key]), "etag": str(hash(self._objects[key])), "modified": None}
                for key in keys[at : at + self._page]
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=LISTING)

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        self.requests["GET"] += len(spans)
        self.ranges += [(key, span) for span in spans]
        return [self._objects[key][start:end] for start, end in spans]

    async def close(self) -> None:
        pass


@dataclass
class Ran:
    """What an extraction gave: its sums, and the rows of each table of the metadata schema."""

    extraction: Extraction
    rows: dict[str, list[dict[str, Any]]]
    store: Store
    reader_key: str = field(init=False)

    def __post_init__(self) -> None:
        self.reader_key = self.rows["snapshots"][0]["reader_key"]

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        return {row["table_name"]: row for row in self.rows["tables"]}

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        return {row["file_path"]: row for row in self.rows["files"]}

    def columns(self, table: str) -> list[dict[str, Any]]:
        return [row for row in self.rows["columns"] if row["table_name"] == table]

    def types(self, table: str) -> dict[str, str]:
        return {row["column_name"]: row["data_type"] for row in self.columns(table)}

    def remembered(self, source_path: str, reader_key: str, listed: pa.RecordBatchReader) -> Remembered | None:
        """What the mirror would remember of this run: its own question, of these rows."""
        if (source_path, reader_key) != ("memory", self.reader_key):
            return None
        with duckdb.connect() as connection:
            for name in ("files", "readings"):
                connection.register(name, pa.Table.from_pylist(self.rows[name], schema=rows.ALL[name]))
            sql = resources.files("core.mirror").joinpath("remembered.sql").read_text()
            sql = sql.replace("$PUBLIC.", "").replace("$INTERNAL.", "")
            files = recall(connection, sql, {"w": "w", "s": "s"}, listed)
        schemas = {row["schema_key"]: row["columns"] for row in self.rows["file_schemas"]}
        logs = {row["root"]: row["facts"] for row in self.rows["lakehouses"]}
        return Remembered(files, schemas, logs)


def run(source: Mapping[str, bytes] | Path | Store, *, remembered: Recollect | None = None, **options: Any) -> Ran:
    """Extract a folder, or objects in memory; `options` are those of `ReadOptions` and of `Request`."""
    store: Store
    if isinstance(source, Path):
        store = LocalStore(str(source), threads=4)
    else:
        store = DictStore(source) if isinstance(source, Mapping) else source
    read = ReadOptions(**{name: options.pop(name) for name in list(options) if name in ReadOptions.__slots__})
    request = Request("w", "s", "memory", "root", read, **options)
    sink = Collected()

    async def all_of_it() -> Extraction:
        try:
            return await extract(request, store, remembered, sink, Progress())
        finally:
            await store.close()

    extraction = asyncio.run(all_of_it())
    assert extraction.listed == sum(extraction.counts.values())
    return Ran(extraction, sink.rows, store)
