"""Arrow IPC, file and stream (Feather version 2 is the file): schema from the footer or the first message.

Rows stand in the message before each batch. They are exact when the batches are few or an exact count was asked
for, and are otherwise estimated from the batches that are here.
Format: https://arrow.apache.org/docs/format/Columnar.html
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Literal

import pyarrow as pa

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.datatypes.arrow import spark_name
from core.errors import Fault, FileError, first_line
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.flatbuffers import Table, WrongBuffer
from core.formats.sparse import Sparse
from core.formats.window import Window

_MAGIC = b"ARROW1"
_ALIGNED = 8
_FEATHER_1 = b"FEA1"
_GOES_ON = b"\xff\xff\xff\xff"
_BLOCK = "<qi4xq"
_BATCH = 3
_SCHEMA = 1
_LARGEST_MESSAGE = 1 << 26
_FEW_BATCHES = 16
"""Each batch tells its rows in a place of its own: of so many they are asked for, of more only when wanted exactly."""


class Arrow:
    """Buffers of values are never looked at."""

    name = "arrow"
    suffixes = (".arrow", ".feather", ".ipc", ".arrows")
    end: Literal["tail"] = "tail"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        if head.startswith((_MAGIC, _FEATHER_1)) or tail.endswith(_MAGIC):
            return True
        begin = 8 if head.startswith(_GOES_ON) else 4
        size = int.from_bytes(head[begin - 4 : begin], "little")
        # Streams of Arrow before 0.15 begin with the length itself.
        sensible = 16 <= size <= len(head) and (size + begin) % 8 == 0
        return sensible and _kind(head[begin : begin + size]) == _SCHEMA

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        try:
            # What ends like a file is one: its first bytes need no request.
            head = _MAGIC if opened.tail.endswith(_MAGIC) else (yield from opened.fetch(0, min(8, opened.size)))
            if head.startswith(_FEATHER_1):
                raise FileError(Fault.UNSUPPORTED, "it is Feather version 1, which is not read")
            if head.startswith(_MAGIC):
                schema, rows, source = yield from _file(opened, options)
            else:
                schema, rows, source = yield from _stream(opened, options)
            columns = tuple(
                Column(field.name, spark_name(field.type), field.nullable, str(field.type), TypeSource.FOOTER)
                for field in schema
            )
        except (pa.ArrowException, OSError, ValueError) as error:
            # Arrow's refusals, names that are no text, a place that is not there, and `WrongBuffer`, a ValueError.
            raise FileError(Fault.CORRUPT, f"it cannot be read: {first_line(error)}") from error
        if options.row_counts == "none":
            rows, source = None, None
        return FileReading(self.name, (TableReading(columns, rows, source),))


_Counted = tuple[Any, int | None, CountSource | None]


def _file(opened: Opened, options: ReadOptions) -> Generator[Span, bytes, _Counted]:
    end = yield from opened.fetch(max(0, opened.size - (64 << 10)), opened.size)
    if not end.endswith(_MAGIC):
        raise FileError(Fault.CORRUPT, "it does not end like Arrow: cut short, or still being written")
    length = int.from_bytes(end[-10:-6], "little", signed=True)
    if length <= 0 or length + 10 > opened.size:
        raise FileError(Fault.CORRUPT, "its footer claims to be larger than the file")
    if length + 10 > len(end):
        end = yield from opened.fetch(opened.size - length - 10, opened.size)
    footer = Table.root(end[-length - 10 : -10])
    ends = Sparse(opened.size, [(0, _MAGIC + b"\0\0"), (opened.size - len(end), end)])
    with pa.ipc.open_file(pa.PythonFile(ends, mode="r")) as reader:
        schema = reader.schema
    blocks = footer.structs(3, _BLOCK)
    for offset, size, body in blocks:
        if size <= 0 or size > _LARGEST_MESSAGE or offset < 0 or body < 0 or offset + size + body > opened.size:
            raise FileError(Fault.CORRUPT, "its footer points beyond its end")
    rows, seen, whole = 0, 0, sum(body for _, _, body in blocks)
    for offset, size, body in _asked(blocks, opened, options):
        message = yield from opened.fetch(offset, offset + size)
        rows += _rows(message[8:] if message.startswith(_GOES_ON) else message[4:])
        seen += body
    if seen == whole:
        return schema, rows, CountSource.FOOTER
    return schema, round(rows * whole / seen) if seen else None, CountSource.ESTIMATED if seen else None


def _asked(blocks: Sequence[tuple[int, ...]], opened: Opened, options: ReadOptions) -> Sequence[tuple[int, ...]]:
    """The batches whose rows are looked at: all when they are few, else those that are here, and one at least."""
    if options.row_counts == "none":
        return ()
    if options.row_counts == "exact" or opened.whole or len(blocks) <= _FEW_BATCHES:
        return blocks
    first = opened.size - len(opened.tail)
    here = [block for block in blocks if block[0] >= first or block[0] + block[1] <= len(opened.head)]
    return here or blocks[-1:]


def _stream(opened: Opened, options: ReadOptions) -> Generator[Span, bytes, _Counted]:
    window = Window(opened)
    exact = options.row_counts == "exact"
    schema: Any = None
    rows, began = 0, 0
    while window.left >= 4:
        if schema is not None and not exact and window.here < 8 and window.left > 8:
            done = window.at - began
            return schema, round(rows * (opened.size - began) / done) if rows else None, CountSource.ESTIMATED
        at = window.at
        start = yield from window.take(4)
        if start == _GOES_ON:
            start = yield from window.take(4)
        size = int.from_bytes(start, "little", signed=True)
        if size == 0:
            break
        if size < 0 or size > _LARGEST_MESSAGE:
            raise FileError(Fault.CORRUPT, "a message in it has no sensible length")
        message = yield from window.take(size)
        if schema is None:
            raw = yield from opened.fetch(at, window.at)
            schema = pa.ipc.read_schema(pa.py_buffer(raw))
            began = window.at
            continue
        window.skip(Table.root(message).number(3, "<q"))
        if _kind(message) == _BATCH:
            rows += _rows(message)
    if schema is None:
        raise FileError(Fault.CORRUPT, "it holds no schema")
    return schema, rows, CountSource.FOOTER


def _kind(message: bytes) -> int:
    """What a message is: 1 a schema, 2 a dictionary, 3 a batch."""
    try:
        return Table.root(message).number(1, "<B")
    except WrongBuffer:
        return 0


def _rows(message: bytes) -> int:
    """How many rows the batch after a message has; a batch whose buffers cannot be where it says is none."""
    root = Table.root(message)
    header, body = root.table(2), root.number(3, "<q")
    if header is None:
        return 0
    rows = header.number(0, "<q")
    if rows < 0:
        raise WrongBuffer(f"a batch counts {rows} rows")
    for offset, length in header.structs(2, "<qq"):
        if offset < 0 or length < 0 or offset % _ALIGNED or offset + length > body:
            raise WrongBuffer("a batch does not lie where it says")
    return rows
