"""What is remembered of a source between runs, so that an unchanged file is not read again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.catalog import CountSource, DataFile
from core.schemas import Said, Schema, SchemaPool

if TYPE_CHECKING:
    import pyarrow as pa

    from core.formats.base import ReadOptions

# Raise it when a reader's answers change, so that files read before are read again.
_READERS = 5
# Rows made Python objects at once: files are asked for in the order that they are kept in.
_SLICE = 4_096


def reader_key(options: ReadOptions) -> str:
    """Identifies how files are read; what was read under another key is not reused."""
    text = json.dumps([_READERS, asdict(options)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the mirror remembers of a source's last good run.

    `files` has one row a file and part: `file_path, part, row_count, row_count_source, schema_key,
    warnings, properties, size_bytes, last_modified, etag, file_type, error`, sorted by path and part.
    `schemas` maps a schema's key to its columns as JSON text; `lakehouses` a table's root to what
    its log said, as JSON text.
    """

    source_path: str
    reader_key: str
    files: pa.Table
    schemas: dict[str, str]
    lakehouses: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What an unchanged file said last time: its tables, or why it can't be read, or neither."""

    file_type: str | None
    tables: tuple[Said, ...]
    error: str | None


class Memory:
    """Answers, for a listed file, what is known of it already."""

    def __init__(self, remembered: Remembered | None, source_path: str, key: str, pool: SchemaPool) -> None:
        self._files: dict[str, list[int]] = {}
        self._table: Any = None
        self._slice: tuple[int, list[dict[str, Any]]] = (-1, [])
        self._schemas: dict[str, Schema] = {}
        self._lakehouses: dict[str, str] = {}
        if remembered is None or (remembered.source_path, remembered.reader_key) != (source_path, key):
            return
        self._table = remembered.files
        for at, path in enumerate(remembered.files.column("file_path").to_pylist()):
            self._files.setdefault(path, []).append(at)
        self._schemas = {name: pool.add(text) for name, text in remembered.schemas.items()}
        self._lakehouses = remembered.lakehouses

    def facts(self, root: str) -> str | None:
        """What the log of the lakehouse table at `root` said last time (`core.lakehouse.facts`)."""
        return self._lakehouses.get(root)

    def has(self, key: str) -> bool:
        """Whether a file was read, and might be recalled."""
        return key in self._files

    def recall(self, file: DataFile) -> Known | None:
        """What is known of a file with this path, size, etag and time; None when it must be read."""
        rows = [self._row(at) for at in self._files.get(file.key, ())]
        if not rows or not _same(file, rows[0]):
            return None
        tables = tuple(
            Said(
                schema=self._schemas[row["schema_key"]],
                row_count=row["row_count"],
                row_count_source=CountSource(row["row_count_source"]) if row["row_count_source"] else None,
                part=row["part"],
                warnings=tuple(row["warnings"] or ()),
                properties=tuple((name, value) for name, value in json.loads(row["properties"] or "[]")),
            )
            for row in rows
            if row["schema_key"] is not None
        )
        return Known(rows[0]["file_type"], tables, rows[0]["error"])

    def _row(self, at: int) -> dict[str, Any]:
        start = at - at % _SLICE
        if self._slice[0] != start:
            self._slice = (start, self._table.slice(start, _SLICE).to_pylist())
        return self._slice[1][at - start]


def _same(file: DataFile, row: dict[str, Any]) -> bool:
    """Whether a file is as it was: by its etag when the store has one, else by its time."""
    if file.size != row["size_bytes"]:
        return False
    if file.etag is not None or row["etag"] is not None:
        return bool(file.etag == row["etag"])
    modified: datetime | None = row["last_modified"]
    return modified is not None and file.modified == modified
