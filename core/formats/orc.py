"""ORC: schema and row count from the tail.

The last byte is the length of the postscript before it, which tells the footer's length and compression
(ORC specification v1, "File Tail"). Both are Protocol Buffers; only the few fields used here are read.
"""

from __future__ import annotations

import zlib
from typing import Literal

import pyarrow as pa

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.datatypes.spark import quote
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Steps
from core.formats.protobuf import WrongMessage, message, numbers, varint
from core.formats.zstd import zstd

_MAGIC = b"ORC"
_TAIL = 16 << 10
_ZLIB, _SNAPPY, _LZO, _LZ4, _ZSTD = 1, 2, 3, 4, 5
_LARGEST = 1 << 28
_BLOCK = 256 << 10
_DEEPEST = 100
_SCALARS = {
    0: "boolean",
    1: "tinyint",
    2: "smallint",
    3: "int",
    4: "bigint",
    5: "float",
    6: "double",
    7: "string",
    8: "binary",
    # Without a zone; 18 is the one that is a moment.
    9: "timestamp_ntz",
    15: "date",
    18: "timestamp",
}
_LIST, _MAP, _STRUCT, _UNION, _DECIMAL, _VARCHAR, _CHAR = 10, 11, 12, 13, 14, 16, 17


class Orc:
    """Stripes are never looked at."""

    name = "orc"
    suffixes = (".orc",)
    end: Literal["tail"] = "tail"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return head.startswith(_MAGIC) or tail[-4:-1] == _MAGIC

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        tail = opened.tail or (yield from opened.fetch(max(0, opened.size - _TAIL), opened.size))
        try:
            length = tail[-1]
            script = message(tail[-1 - length : -1])
            if script.get(8000, [b""])[0] != _MAGIC:
                raise FileError(Fault.CORRUPT, "it does not end like ORC: cut short, or still being written")
            footer_length, compression = _number(script, 1), _number(script, 2)
            if footer_length + length + 1 > opened.size:
                raise FileError(Fault.CORRUPT, "its footer claims to be larger than the file")
            whole = footer_length + length + 1
            if whole > len(tail):
                tail = yield from opened.fetch(opened.size - whole, opened.size)
            block = _number(script, 3) or _BLOCK
            footer = message(_unpacked(tail[-whole : -1 - length], compression, block))
            types = [message(raw) for raw in footer.get(4, []) if isinstance(raw, bytes)]
            columns = _columns(types)
            rows = _number(footer, 6)
        except (WrongMessage, IndexError) as error:
            raise FileError(Fault.CORRUPT, f"its footer cannot be read: {error}") from error
        count = None if options.row_counts == "none" else rows
        source = None if count is None else CountSource.FOOTER
        return FileReading(self.name, (TableReading(columns, count, source),))


def _number(found: dict[int, list[int | bytes]], field: int) -> int:
    value = found.get(field, [0])[-1]
    if not isinstance(value, int):
        raise WrongMessage(f"field {field} is no number")
    return value


def _unpacked(data: bytes, compression: int, block: int) -> bytes:
    """The footer's bytes.

    Compressed ones come in chunks, each with its length and whether it is stored as it is; none
    unpacks to more than a block, for which readers make room.
    """
    if compression == 0:
        return data
    parts, at, size = [], 0, 0
    while at < len(data):
        header = int.from_bytes(data[at : at + 3], "little")
        chunk = data[at + 3 : at + 3 + (header >> 1)]
        if len(chunk) != header >> 1 or at + 3 > len(data):
            raise WrongMessage("a compressed chunk is cut short")
        parts.append(chunk if header & 1 else _inflated(chunk, compression))
        size += len(parts[-1])
        if len(parts[-1]) > block:
            raise WrongMessage(f"a chunk unpacks to more than the {block} bytes that it says are most")
        if size > _LARGEST:
            raise WrongMessage("it is too large")
        at += 3 + len(chunk)
    return b"".join(parts)


def _inflated(chunk: bytes, compression: int) -> bytes:
    try:
        if compression == _ZLIB:
            unpacker = zlib.decompressobj(-15)
            data = unpacker.decompress(chunk, _LARGEST)
            if not unpacker.eof:
                raise WrongMessage("a compressed chunk has no end")
            return data
        if compression == _SNAPPY:
            return bytes(pa.decompress(chunk, _snappy_size(chunk), codec="snappy", asbytes=True))
        if compression == _ZSTD:
            return zstd.ZstdDecompressor().decompress(chunk, _LARGEST)
        if compression == _LZ4:
            return _unpacked_lz4(chunk)
    except (zlib.error, zstd.ZstdError, pa.ArrowException, OSError, ValueError) as error:
        raise WrongMessage(str(error)) from error
    name = "LZO" if compression == _LZO else f"number {compression}"
    raise FileError(Fault.UNSUPPORTED, f"its footer is compressed with {name}, which is not read")


def _snappy_size(chunk: bytes) -> int:
    """Snappy data begins with its size."""
    size, _ = varint(chunk, 0)
    if size > _LARGEST:
        raise ValueError("it claims to be too large")
    return size


def _unpacked_lz4(chunk: bytes) -> bytes:
    """LZ4 blocks don't tell their size; the most they can grow is 255 times."""
    size = max(1024, len(chunk) * 8)
    while True:
        try:
            return bytes(pa.decompress(chunk, size, codec="lz4_raw", asbytes=True))
        except (pa.ArrowException, OSError):
            size *= 8
            if size > min(_LARGEST, len(chunk) * 255 * 8):
                raise


def _columns(types: list[dict[int, list[int | bytes]]]) -> tuple[Column, ...]:
    if not types:
        raise WrongMessage("it declares no type")
    if _number(types[0], 1) != _STRUCT:
        return (Column("value", _name(types, 0, 0), True, _native(types, 0), TypeSource.FOOTER),)
    return tuple(
        # ORC declares no column as never null.
        Column(name, _name(types, child, 0), True, _native(types, child), TypeSource.FOOTER)
        for name, child in zip(_field_names(types[0]), _children(types[0]), strict=False)
    )


def _children(found: dict[int, list[int | bytes]]) -> list[int]:
    return numbers(found, 2)


def _field_names(found: dict[int, list[int | bytes]]) -> list[str]:
    return [raw.decode("utf-8", "replace") for raw in found.get(3, []) if isinstance(raw, bytes)]


def _name(types: list[dict[int, list[int | bytes]]], at: int, depth: int) -> str:
    if at >= len(types) or depth > _DEEPEST:
        raise WrongMessage("a type refers to one that is not there")
    found = types[at]
    kind = _number(found, 1)
    if kind in _SCALARS:
        return _SCALARS[kind]
    inner = [_name(types, child, depth + 1) for child in _children(found)]
    if kind == _LIST and len(inner) == 1:
        return f"array<{inner[0]}>"
    if kind == _MAP and len(inner) == 2:
        return f"map<{inner[0]},{inner[1]}>"
    if kind == _STRUCT:
        fields = zip(_field_names(found), inner, strict=False)
        return f"struct<{','.join(f'{quote(name)}:{type_}' for name, type_ in fields)}>"
    if kind == _UNION:
        return f"union<{','.join(inner)}>"
    if kind == _DECIMAL:
        # Files of Hive before 0.12 say neither.
        precision, scale = _number(found, 5), _number(found, 6)
        return f"decimal({precision},{scale})" if precision else "decimal(38,10)"
    if kind in (_VARCHAR, _CHAR):
        return f"{'varchar' if kind == _VARCHAR else 'char'}({_number(found, 4)})"
    raise WrongMessage(f"no such type: {kind}")


_KINDS = (
    *("BOOLEAN", "BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "STRING", "BINARY", "TIMESTAMP"),
    *("LIST", "MAP", "STRUCT", "UNION", "DECIMAL", "DATE", "VARCHAR", "CHAR", "TIMESTAMP_INSTANT"),
)


def _native(types: list[dict[int, list[int | bytes]]], at: int) -> str:
    kind = _number(types[at], 1)
    return _KINDS[kind] if kind < len(_KINDS) else str(kind)
