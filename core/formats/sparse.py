"""A file of which only some ranges are here, for libraries that want a file object."""

from __future__ import annotations

from collections.abc import Iterable


class Sparse:
    """A read-only file object of `size` bytes; whoever reads what is not here gets an `OSError`.

    Ranges are given as their first byte and their content.
    """

    def __init__(self, size: int, ranges: Iterable[tuple[int, bytes]]) -> None:
        self._size = size
        self._ranges = sorted(ranges)
        self._at = 0
        self.closed = False

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int = -1) -> bytes:
        stop = self._size if count < 0 else min(self._size, self._at + count)
        begin, self._at = self._at, stop
        for start, data in self._ranges:
            if start <= begin and stop <= start + len(data):
                return data[begin - start : stop - start]
        raise OSError("it refers to what is not in it")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def flush(self) -> None:
        pass
