"""What is remembered of a source between runs, so that an unchanged file is not read again."""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from core.catalog import CountSource
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
    """What the mirror remembers of the listed files of a source, from its last good run.

    `files` has one row a file and part: `at` (its place in the listing), `same` (whether it is unchanged), `part,
    row_count, row_count_source, schema_key, warnings, properties, file_type, error`, sorted by place and part.
    `schemas` maps a schema's key to its columns as JSON text; `lakehouses` a table's root to what
    its log said, as JSON text.
    """

    files: pa.Table
    schemas: dict[str, str]
    lakehouses: dict[str, str] = field(default_factory=dict)


class Recollect(Protocol):
    """Asks the mirror what it remembers of a listing (`LISTED` batches); blocks for as long as that takes."""

    def __call__(self, source_path: str, reader_key: str, listed: pa.RecordBatchReader) -> Remembered | None:
        """None when the last run was of another path, or read by another key."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What an unchanged file said last time: its tables, or why it can't be read, or neither."""

    file_type: str | None
    tables: tuple[Said, ...]
    error: str | None


class Memory:
    """Answers, for a place in the listing, what is known of the file there already."""

    def __init__(self, remembered: Remembered | None, pool: SchemaPool) -> None:
        self._places = array("q")
        self._table: Any = None
        self._slice: tuple[int, list[dict[str, Any]]] = (-1, [])
        self._schemas: dict[str, Schema] = {}
        self._lakehouses: dict[str, str] = {}
        if remembered is not None:
            self._table = remembered.files
            for chunk in remembered.files.column("at").chunks:
                self._places.extend(chunk.to_pylist())
            self._schemas = {name: pool.add(text) for name, text in remembered.schemas.items()}
            self._lakehouses = remembered.lakehouses

    def facts(self, root: str) -> str | None:
        """What the log of the lakehouse table at `root` said last time (`core.lakehouse.facts`)."""
        return self._lakehouses.get(root)

    def has(self, at: int) -> bool:
        """Whether the file at a place was read before, as it is or otherwise."""
        row = bisect_left(self._places, at)
        return row < len(self._places) and self._places[row] == at

    def recall(self, at: int) -> Known | None:
        """What is known of the file at a place; None when it must be read."""
        rows = list(self._rows(at))
        if not rows or not rows[0]["same"]:
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

    def _rows(self, at: int) -> Iterator[dict[str, Any]]:
        row = bisect_left(self._places, at)
        while row < len(self._places) and self._places[row] == at:
            start = row - row % _SLICE
            if self._slice[0] != start:
                self._slice = (start, self._table.slice(start, _SLICE).to_pylist())
            yield self._slice[1][row - start]
            row += 1
