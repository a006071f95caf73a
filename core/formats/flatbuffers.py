"""The few fields of Arrow's FlatBuffers that tell where batches lie and how many rows they have.

Layout: https://flatbuffers.dev/internals/. Arrow's tables: `File.fbs` and `Message.fbs` of its format.
"""

from __future__ import annotations

import struct


class WrongBuffer(ValueError):
    """Bytes that are no such table."""


class Table:
    """One table of a buffer."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._read("<i", at)
        self._size = self._read("<H", self._fields)

    @classmethod
    def root(cls, data: bytes) -> Table:
        """The outermost table."""
        return cls(data, cls._unpack(data, "<I", 0))

    def number(self, field: int, form: str, default: int = 0) -> int:
        """A scalar by its place in the schema; `form` as `struct` has it."""
        at = self._field(field)
        return default if at is None else self._read(form, at)

    def table(self, field: int) -> Table | None:
        """An inner table."""
        at = self._field(field)
        return None if at is None else Table(self._data, at + self._read("<I", at))

    def structs(self, field: int, form: str) -> list[tuple[int, ...]]:
        """A vector of structs."""
        at = self._field(field)
        if at is None:
            return []
        at += self._read("<I", at)
        count, size = self._read("<I", at), struct.calcsize(form)
        if at + 4 + count * size > len(self._data):
            raise WrongBuffer("a list in it is cut short")
        return [struct.unpack_from(form, self._data, at + 4 + size * n) for n in range(count)]

    def _field(self, field: int) -> int | None:
        place = 4 + 2 * field
        if place + 2 > self._size:
            return None
        offset = self._read("<H", self._fields + place)
        return self._at + offset if offset else None

    def _read(self, form: str, at: int) -> int:
        return self._unpack(self._data, form, at)

    @staticmethod
    def _unpack(data: bytes, form: str, at: int) -> int:
        if at < 0:
            raise WrongBuffer("a place in it lies before its beginning")
        try:
            [value] = struct.unpack_from(form, data, at)
        except struct.error as error:
            raise WrongBuffer("a place in it lies beyond its end") from error
        return int(value)
