"""Parquet: schema and row count from the footer, one ranged GET for all but very large footers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.datatypes.arrow import spark_name
from core.errors import Fault, FileError, first_line
from core.formats.base import Opened, ReadOptions, Steps
from core.formats.footers import Translations

_TRAILER = 8
_SMALLEST = 12
_MOST_LEAVES = 8
_LOGICAL = {"Geometry": "geometry", "Geography": "geography", "Interval": "interval"}
_translations = Translations()


class Parquet:
    """Reads the footer only; what is in the pages is never looked at."""

    name = "parquet"
    suffixes = (".parquet", ".parq", ".pq")
    end: Literal["tail"] = "tail"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return tail.endswith((b"PAR1", b"PARE")) or head.startswith((b"PAR1", b"PARE"))

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        if opened.size < _SMALLEST:
            raise FileError(Fault.CORRUPT, f"{opened.size} bytes are too few for Parquet")
        tail = opened.tail or (yield from opened.fetch(max(0, opened.size - (64 << 10)), opened.size))
        magic = tail[-4:]
        if magic == b"PARE":
            raise FileError(Fault.ENCRYPTED, "its footer is encrypted")
        if magic != b"PAR1":
            raise FileError(Fault.CORRUPT, "it does not end like Parquet: cut short, or still being written")
        length = int.from_bytes(tail[-_TRAILER:-4], "little") + _TRAILER
        if length + 4 > opened.size:
            raise FileError(Fault.CORRUPT, "its footer claims to be larger than the file")
        if length > len(tail):
            tail = yield from opened.fetch(opened.size - length, opened.size)
        columns, rows = _read_footer(tail[-length:])
        count = None if options.row_counts == "none" else rows
        return FileReading(
            self.name, (TableReading(columns, count, CountSource.FOOTER if count is not None else None),)
        )


def _read_footer(end: bytes) -> tuple[tuple[Column, ...], int]:
    """Columns and row count of a footer, given with its length and magic."""
    footer = end[:-_TRAILER]
    known = _translations.recall(footer)
    if known is not None:
        return known.columns, known.rows
    try:
        meta = pq.read_metadata(pa.BufferReader(end))
        columns = _columns(meta)
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise FileError(Fault.CORRUPT, f"its footer cannot be read: {first_line(error)}") from error
    if meta.num_rows < 0:
        raise FileError(Fault.CORRUPT, f"its footer counts {meta.num_rows} rows")
    _translations.remember(footer, columns)
    return columns, meta.num_rows


def _columns(meta: Any) -> tuple[Column, ...]:
    """Columns of a footer. Leaves come in the same order in both schemas; only the Parquet one knows INT96."""
    leaves = iter(meta.schema.column(at) for at in range(len(meta.schema)))
    found = []
    for field in meta.schema.to_arrow_schema():
        mine = list(_take_leaves(field.type, leaves))
        found.append(
            Column(
                name=field.name,
                type=_type(field.type, iter(mine)),
                nullable=field.nullable,
                native_type=_native(mine),
                type_source=TypeSource.FOOTER,
            )
        )
    return tuple(found)


def _take_leaves(type_: Any, leaves: Iterator[Any]) -> Iterator[Any]:
    for _ in range(_leaf_count(type_)):
        leaf = next(leaves, None)
        if leaf is not None:
            yield leaf


def _leaf_count(type_: Any) -> int:
    if isinstance(type_, pa.BaseExtensionType):
        return _leaf_count(type_.storage_type)
    if pa.types.is_dictionary(type_):
        return _leaf_count(type_.value_type)
    if pa.types.is_struct(type_):
        return sum(_leaf_count(type_.field(at).type) for at in range(type_.num_fields))
    if pa.types.is_map(type_):
        return _leaf_count(type_.key_type) + _leaf_count(type_.item_type)
    if pa.types.is_nested(type_) and hasattr(type_, "value_type"):
        return _leaf_count(type_.value_type)
    return 1


def _type(type_: Any, leaves: Iterator[Any]) -> str:
    """The Spark name; what only the Parquet schema knows of a leaf comes from there."""

    def leaf(inner: Any) -> str | None:
        found = next(leaves, None)
        if found is None:
            return None
        if found.physical_type == "INT96":
            return "timestamp"  # a moment in UTC, though its Arrow type has no zone
        return _LOGICAL.get(str(found.logical_type).partition("(")[0])

    return spark_name(type_, leaf=leaf)


def _native(leaves: list[Any]) -> str:
    """The Parquet types of a column's leaves; those inside a nested column with their paths below it."""
    if len(leaves) > _MOST_LEAVES:
        return f"group of {len(leaves)} leaves"
    return ", ".join(f"{leaf.path.partition('.')[2]} {_leaf_type(leaf)}".strip() for leaf in leaves)


def _leaf_type(leaf: Any) -> str:
    logical = str(leaf.logical_type)
    return str(leaf.physical_type) if logical == "None" else f"{leaf.physical_type} {logical}"
