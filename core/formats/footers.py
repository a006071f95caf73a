"""Parquet footers without decoding them: their schema bytes and their row count.

A footer is a Thrift struct in compact encoding (`FileMetaData` in parquet.thrift): field 1 is the
version, field 2 the schema, field 3 the number of rows, then the row groups. Files of one table
begin with the same bytes, so a translation can be remembered by them, and only the row count has
to be read. What Arrow adds to the types it writes as key-value metadata near the end.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from itertools import chain
from threading import Lock
from typing import NamedTuple

from core.catalog import Column

_VERSION, _SCHEMA, _ROWS, _ROW_GROUPS = 0x15, 0x19, 0x16, 0x19
_STRUCT = 12
_ARROW = b"ARROW:schema"
_MOST_REMEMBERED = 512


class Known(NamedTuple):
    """A remembered translation, and the row count of the footer it was asked for."""

    columns: tuple[Column, ...]
    rows: int


class Translations:
    """Columns by footers that begin alike; the least recently used are forgotten. Safe to share by threads."""

    def __init__(self) -> None:
        self._columns: OrderedDict[tuple[bytes, bytes], tuple[Column, ...]] = OrderedDict()
        self._lengths: Counter[int] = Counter()
        self._lately = 0
        self._lock = Lock()

    def recall(self, footer: bytes) -> Known | None:
        """What is known of a footer (without its length and magic)."""
        if not footer.endswith(b"\0"):
            return None  # the end of a struct is missing
        written = _as_written(footer)
        with self._lock:
            # Files of one table come after one another.
            for length in chain((self._lately,), self._lengths):
                key = (footer[:length], written)
                columns = self._columns.get(key)
                if columns is not None:
                    self._columns.move_to_end(key)
                    self._lately = length
                    rows = _row_count(footer, length)
                    return None if rows is None else Known(columns, rows)
        return None

    def remember(self, footer: bytes, columns: tuple[Column, ...]) -> None:
        """Keep the translation of a footer that was read in full."""
        length = _schema_end(footer)
        if length is None:
            return
        key = (footer[:length], _as_written(footer))
        with self._lock:
            if key not in self._columns:
                self._columns[key] = columns
                self._lengths[length] += 1
            if len(self._columns) > _MOST_REMEMBERED:
                (oldest, _), _ = self._columns.popitem(last=False)
                self._lengths[len(oldest)] -= 1
                self._lengths += Counter()  # drops lengths that no footer has


def _as_written(footer: bytes) -> bytes:
    at = footer.rfind(_ARROW)
    return b"" if at < 0 else footer[at:]


def _schema_end(footer: bytes) -> int | None:
    """Where the schema ends, or None when the bytes are not as expected."""
    try:
        if footer[0] != _VERSION:
            return None
        _, at = _varint(footer, 1)
        if footer[at] != _SCHEMA:
            return None
        return _skip_list(footer, at + 1)
    except (IndexError, ValueError, RecursionError):
        return None


def _row_count(footer: bytes, at: int) -> int | None:
    """The row count that follows the schema, when row groups follow it in turn."""
    try:
        if footer[at] != _ROWS:
            return None
        zigzag, at = _varint(footer, at + 1)
        return zigzag >> 1 if not zigzag & 1 and footer[at] == _ROW_GROUPS else None
    except IndexError:
        return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _skip_list(data: bytes, at: int) -> int:
    header = data[at]
    size, at = (header >> 4, at + 1) if header >> 4 < 15 else _varint(data, at + 1)
    for _ in range(size):
        at = _skip(data, at, header & 0x0F, inside=True)
    return at


def _skip_struct(data: bytes, at: int) -> int:
    while header := data[at]:
        at += 1
        if header >> 4 == 0:
            _, at = _varint(data, at)  # a field's number in full
        at = _skip(data, at, header & 0x0F, inside=False)
    return at + 1


def _skip(data: bytes, at: int, kind: int, *, inside: bool) -> int:
    if kind in (1, 2):
        return at + inside  # a field's boolean is in its header
    if kind == 3:
        return at + 1
    if kind in (4, 5, 6):
        return _varint(data, at)[1]
    if kind == 7:
        return at + 8
    if kind == 8:
        length, at = _varint(data, at)
        return at + length
    if kind in (9, 10):
        return _skip_list(data, at)
    if kind == _STRUCT:
        return _skip_struct(data, at)
    raise ValueError(f"no such Thrift type here: {kind}")
