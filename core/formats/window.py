"""Bytes of a file read front to back, fetched a window at a time and only where they are not here yet."""

from __future__ import annotations

from collections.abc import Generator

from core.errors import Fault, FileError
from core.formats.base import Opened, Span


class Window:
    """A moving view of a file; `take` gives the next bytes, `skip` passes over some without fetching them."""

    def __init__(self, opened: Opened, at: int = 0, *, fetch_bytes: int = 1 << 20) -> None:
        self._opened, self._size = opened, fetch_bytes
        self._start, self._data = 0, opened.head
        self.at = at

    @property
    def left(self) -> int:
        """Bytes from here to the end of the file."""
        return self._opened.size - self.at

    @property
    def here(self) -> int:
        """How many of the next bytes need no fetching."""
        return max(0, self._start + len(self._data) - self.at) if self.at >= self._start else 0

    def take(self, count: int) -> Generator[Span, bytes, bytes]:
        """The next `count` bytes; raises `FileError` when the file ends before."""
        if count < 0 or count > self.left:
            raise FileError(
                Fault.CORRUPT, f"it ends {count - self.left} bytes too early" if count > 0 else "it is broken"
            )
        if count > self.here:
            end = min(self._opened.size, self.at + max(count, self._size))
            self._data = yield from self._opened.fetch(self.at, end)
            self._start = self.at
        begin = self.at - self._start
        self.at += count
        return self._data[begin : begin + count]

    def skip(self, count: int) -> None:
        """Pass over `count` bytes; raises `FileError` when the file ends before."""
        if count < 0 or count > self.left:
            raise FileError(Fault.CORRUPT, "it is cut short, or a length in it is wrong")
        self.at += count

    def varint(self) -> Generator[Span, bytes, int]:
        """A zigzag-encoded variable-length integer, as Avro writes its longs."""
        value = shift = 0
        while True:
            [byte] = yield from self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise FileError(Fault.CORRUPT, "a number in it has no end")
