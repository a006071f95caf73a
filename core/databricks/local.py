"""What the mirror holds, as it is compared and sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.databricks.layout import ALL, CHILDREN, DUCKDB_FUNCTIONS, SOURCES, Field, Layout, checksum
from core.mirror.mirror import Mirror
from core.mirror.session import literal, quote

if TYPE_CHECKING:
    import duckdb

# Part of every hash: another layout means sending all again.
_VERSION = "1:" + ",".join(f"{layout.name}({','.join(f.name for f in layout.fields)})" for layout in ALL)
_PART_BYTES = 64_000_000
_ROWS_READ = 5_000
_SORT_MEMORY = "150MB"


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows, and the checksum over them (empty without rows)."""

    rows: int = 0
    check: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A source in the mirror: its sums by table, and a hash over everything."""

    workflow_id: str
    source_id: str
    row: Mapping[str, Any] = field(repr=False)
    sums: Mapping[str, Sum] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows but its own in `sources`."""
        return sum(each.rows for each in self.sums.values())

    @property
    def content_hash(self) -> str:
        facts = [[name, each.rows, each.check] for name, each in sorted(self.sums.items())]
        own = [[name, _micros(value)] for name, value in sorted(self.row.items())]
        return hashlib.sha256(json.dumps([_VERSION, facts, own]).encode()).hexdigest()[:32]

    def mark(self, sync_id: str, now_us: int) -> Row:
        """Its row in `sources`, which says that everything else arrived; `now_us` in microseconds since 1970."""
        own = {**self.row, "sync_id": sync_id, "content_hash": self.content_hash, "synced_at": now_us}
        values = {name: _micros(own[each.name]) for name, each in short(SOURCES)}
        text = json.dumps(values, ensure_ascii=False)
        return Row(self.source_id, None, None, len(text), text)


@dataclass(frozen=True, slots=True)
class Row:
    """A row on its way: where it may be cut, its size in bytes, and its values as JSON."""

    source: str
    cut: str | None
    part: str | int | None
    size: int
    json: str


def held(mirror: Mirror, workflow_id: str | None = None, source_ids: Sequence[str] | None = None) -> list[Held]:
    """The mirror's sources (of one workflow, of some sources of it) with their sums, in order.

    Raises:
        MirrorError: the mirror cannot be read.
    """
    with mirror.reading() as connection:
        return _held(connection, workflow_id, source_ids)


@dataclass(frozen=True, slots=True)
class Taken:
    """Some sources of one workflow, written to files at one moment."""

    sources: tuple[Held, ...]
    folder: Path

    def rows(self, layout: Layout) -> Iterator[Row]:
        """The rows of a table by source, cut and part; memory stays flat, what doesn't fit is sorted on disk."""
        import duckdb

        # Short names: they are written once a row.
        pairs = ", ".join(f"'{name}', {quote(field.name)}" for name, field in short(layout))
        part = layout.part.name if layout.part else "NULL::VARCHAR"
        limits: dict[str, str | int] = {"memory_limit": _SORT_MEMORY, "threads": 2}
        with duckdb.connect(":memory:", config={**limits, "temp_directory": str(self.folder / "sort")}) as connection:
            # It would draw on standard output, which is the answer's.
            connection.execute("SET enable_progress_bar = false")
            found = connection.sql(
                f"SELECT source_id, {layout.cut}, {part}, strlen(row) AS size, row"
                # A null is left out. Within a value every quote has a backslash, so none is touched.
                f" FROM (SELECT *, regexp_replace(json_object({pairs})::VARCHAR, ',\"c[0-9]+\":null', '', 'g') AS row"
                f" FROM {self._files(layout)})"
                f" ORDER BY source_id, {layout.cut} NULLS FIRST, {part} NULLS FIRST"
            )
            for batch in found.to_arrow_reader(_ROWS_READ):
                yield from map(Row, *(column.to_pylist() for column in batch.columns))

    def parts(self, layout: Layout) -> list[Path]:
        """The Parquet files of a table, each of about 64 MB."""
        return sorted((self.folder / layout.name).glob("*.parquet"))

    def _files(self, layout: Layout) -> str:
        return f"read_parquet({literal(str(self.folder / layout.name / '*.parquet'))})"


def take(mirror: Mirror, workflow_id: str, source_ids: Sequence[str], folder: Path) -> Taken:
    """Write what the mirror holds of some sources into `folder`, so that nothing waits while it is sent.

    Raises:
        MirrorError: the mirror cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    where = f"workflow_id = {literal(workflow_id)} AND source_id IN ({', '.join(map(literal, source_ids))})"
    with mirror.reading() as connection:
        sources = _held(connection, workflow_id, source_ids)
        for layout in CHILDREN:
            fields = ", ".join(f"{_travelling(field)} AS {quote(field.name)}" for field in layout.sent)
            connection.execute(
                f"COPY (SELECT {fields} FROM {layout.name} WHERE {where}) TO {literal(str(folder / layout.name))}"
                f" (FORMAT parquet, COMPRESSION zstd, FILE_SIZE_BYTES {_PART_BYTES}, ROW_GROUP_SIZE 20000)"
            )
    return Taken(tuple(sources), folder)


def _held(
    connection: duckdb.DuckDBPyConnection, workflow_id: str | None, source_ids: Sequence[str] | None
) -> list[Held]:
    where = "true"
    if workflow_id is not None:
        where = f"workflow_id = {literal(workflow_id)}"
    if source_ids is not None:
        where += f" AND source_id IN ({', '.join(map(literal, source_ids))})"
    for function in DUCKDB_FUNCTIONS:
        connection.execute(function)
    sums: dict[tuple[str, str], dict[str, Sum]] = {}
    for layout in CHILDREN:
        check = checksum((field, quote(field.name)) for field in layout.compared)
        found = connection.execute(
            f"SELECT workflow_id, source_id, count(*), {check} FROM {layout.name}"
            f" WHERE {where} GROUP BY workflow_id, source_id"
        ).fetchall()
        for workflow, source, count, check in found:
            sums.setdefault((workflow, source), {})[layout.name] = Sum(count, check)
    names = [f.name for f in SOURCES.fields[:-3]]
    rows = connection.execute(
        f"SELECT {', '.join(names)} FROM sources WHERE {where} ORDER BY workflow_id, source_id"
    ).fetchall()
    empty = {layout.name: Sum() for layout in CHILDREN}
    return [Held(row[0], row[1], dict(zip(names, row, strict=True)), empty | sums.get(row[:2], {})) for row in rows]


def _travelling(field: Field) -> str:
    return f"epoch_us({field.name})" if field.type == "timestamp" else quote(field.name)


def short(layout: Layout) -> list[tuple[str, Field]]:
    """The columns that travel, each with its name in the JSON rows."""
    return [(f"c{at}", field) for at, field in enumerate(layout.sent)]


def _micros(value: Any) -> Any:
    """A moment (UTC without zone) as it travels."""
    if not isinstance(value, datetime):
        return value
    since = value - datetime(1970, 1, 1)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
