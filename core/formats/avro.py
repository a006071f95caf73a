"""Avro object container files: schema from the header, rows from the headers of the blocks.

A file is `Obj` 1, a map of metadata (`avro.schema`, `avro.codec`), a sync marker of 16 bytes, then blocks:
count of rows, length in bytes, the rows, the marker again (Avro specification, "Object Container Files").
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.datatypes.avro import Names, WrongSchema
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.window import Window

_MAGIC = b"Obj\x01"
_SYNC = 16
_SMALLEST_BLOCK = _SYNC + 2
_MOST_ENTRIES = 10_000


class Avro:
    """Blocks are passed over by their lengths; rows are never decoded."""

    name = "avro"
    suffixes = (".avro",)
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return head.startswith(_MAGIC)

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        window = Window(opened)
        if (yield from window.take(min(4, opened.size))) != _MAGIC:
            raise FileError(Fault.CORRUPT, "it does not begin like Avro")
        metadata = yield from _metadata(window)
        columns = _columns(metadata.get("avro.schema"))
        sync = yield from window.take(_SYNC)
        if options.row_counts == "none":
            return _reading(columns, None, None)
        try:
            return _reading(columns, *(yield from _count(window, opened, sync, exact=options.row_counts == "exact")))
        except FileError as error:
            # What its columns are is certain all the same.
            return _reading(columns, None, None, f"its rows cannot be counted: {error.message}")


def _reading(columns: tuple[Column, ...], rows: int | None, source: CountSource | None, *warnings: str) -> FileReading:
    return FileReading(Avro.name, (TableReading(columns, rows, source, warnings=warnings),))


def _metadata(window: Window) -> Generator[Span, bytes, dict[str, bytes]]:
    found: dict[str, bytes] = {}
    while count := (yield from window.varint()):
        if count < 0:
            # Then the size of the entries in bytes follows.
            count = -count
            yield from window.varint()
        if count > _MOST_ENTRIES:
            raise FileError(Fault.CORRUPT, "its header counts too many entries")
        for _ in range(count):
            name = yield from window.take((yield from window.varint()))
            found[name.decode("utf-8", "replace")] = yield from window.take((yield from window.varint()))
    return found


def _columns(text: bytes | None) -> tuple[Column, ...]:
    if text is None:
        raise FileError(Fault.CORRUPT, "its header holds no schema")
    try:
        fields = Names().fields(json.loads(text))
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, WrongSchema) else "it is not JSON"
        raise FileError(Fault.CORRUPT, f"its schema cannot be read: {reason}") from error
    return tuple(
        Column(f.name, f.type, f.nullable, f.native, TypeSource.FOOTER, comment=f.comment or None) for f in fields
    )


def _count(
    window: Window, opened: Opened, sync: bytes, *, exact: bool
) -> Generator[Span, bytes, tuple[int, CountSource]]:
    """Rows of all blocks; of a large file whose exact count nobody asked for, from the blocks that are here."""
    rows, began = 0, window.at
    # Less than the smallest block is no block: some writers end a file with a line break.
    while window.left >= _SMALLEST_BLOCK:
        if not exact and not window.here:
            done = window.at - began
            return round(rows * (opened.size - began) / done) if done else 0, CountSource.ESTIMATED
        count = yield from window.varint()
        length = yield from window.varint()
        if count < 0:
            raise FileError(Fault.CORRUPT, "a block in it counts less than no rows")
        window.skip(length)
        rows += count
        if not exact and window.here < _SYNC and window.left > _SYNC:
            done = window.at + _SYNC - began
            return round(rows * (opened.size - began) / done), CountSource.ESTIMATED
        if (yield from window.take(_SYNC)) != sync:
            raise FileError(Fault.CORRUPT, "a block in it does not end with the file's marker")
    return rows, CountSource.FOOTER
