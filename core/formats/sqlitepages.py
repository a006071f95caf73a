"""The pages of a SQLite file that hold its schema, found without the rest of the file.

The schema is the b-tree that begins on page 1 (https://www.sqlite.org/fileformat2.html). Put where they
belong in a file of the same size that is empty otherwise, its pages let SQLite itself tell tables and columns.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass

from core.errors import Fault, FileError
from core.formats.base import Opened, Span

HEADER = 100
MAGIC = b"SQLite format 3\0"
_INTERIOR, _LEAF = 5, 13
# That much is fetched at least; pages this near to each other are fetched in one range, up to a bound.
_READ_AHEAD = 64 << 10
_NEAR = 256 << 10
_LONGEST_RANGE = 8 << 20
_LARGEST_SCHEMA = 64 << 20
_WAL = 2


@dataclass(frozen=True, slots=True)
class Header:
    """What the first 100 bytes say; `pages` is 0 when they don't know how many there are."""

    page_size: int
    reserved: int
    pages: int
    wal: bool

    @classmethod
    def read(cls, data: bytes) -> Header:
        """Raises `FileError` when it is none."""
        if len(data) < HEADER or not data.startswith(MAGIC):
            raise FileError(Fault.CORRUPT, "its header is cut short")
        size = int.from_bytes(data[16:18], "big")
        size = 65536 if size == 1 else size
        if size < 512 or size & (size - 1) or size - data[20] < 480:
            raise FileError(Fault.CORRUPT, f"its header gives an impossible page size, {size}")
        # Old writers left the number of pages alone: it holds only when the file was changed with it.
        known = data[24:28] == data[92:96]
        pages = int.from_bytes(data[28:32], "big") if known else 0
        return cls(size, data[20], pages, _WAL in data[18:20])


def schema_pages(opened: Opened, header: Header) -> Generator[Span, bytes, dict[int, bytes]]:
    """Every page of the schema's b-tree, by number from 1; raises `FileError` when it is broken."""
    pages = _Pages(opened, header.page_size)
    wanted: dict[int, bool] = {1: True}
    while wanted:
        yield from pages.load(wanted)
        found: dict[int, bool] = {}
        for number, is_tree in wanted.items():
            page = pages.held[number]
            try:
                found.update(_tree_links(page, number, header) if is_tree else _chain_link(page))
            except (struct.error, IndexError) as error:
                raise FileError(Fault.CORRUPT, f"page {number} of its schema is broken") from error
        if not pages.held.keys().isdisjoint(found):
            raise FileError(Fault.CORRUPT, "its schema refers to itself")
        wanted = found
    return pages.held


class _Pages:
    def __init__(self, opened: Opened, size: int) -> None:
        self.held: dict[int, bytes] = {}
        self._opened, self._size = opened, size
        self._start, self._data = 0, opened.head

    def load(self, numbers: Iterable[int]) -> Generator[Span, bytes, None]:
        last = self._opened.size // self._size
        missing = sorted(numbers)
        if missing[-1] > last or missing[0] < 1:
            raise FileError(Fault.CORRUPT, "its schema refers to a page that it does not have")
        if (len(self.held) + len(missing)) * self._size > _LARGEST_SCHEMA:
            raise FileError(Fault.UNSUPPORTED, f"its schema alone takes more than {_LARGEST_SCHEMA >> 20} MB")
        for at, number in enumerate(missing):
            begin, end = (number - 1) * self._size, number * self._size
            if begin < self._start or end > self._start + len(self._data):
                for other in missing[at:]:
                    if (other - 1) * self._size > end + _NEAR or other * self._size > begin + _LONGEST_RANGE:
                        break
                    end = other * self._size
                end = min(self._opened.size, max(end, begin + _READ_AHEAD))
                self._data = yield from self._opened.fetch(begin, end)
                self._start = begin
            offset = begin - self._start
            self.held[number] = self._data[offset : offset + self._size]


def _tree_links(page: bytes, number: int, header: Header) -> Iterator[tuple[int, bool]]:
    """The pages below one of the tree, and those where its long records go on."""
    start = HEADER if number == 1 else 0
    kind = page[start]
    (cells,) = struct.unpack_from(">H", page, start + 3)
    if kind not in (_INTERIOR, _LEAF):
        raise FileError(Fault.CORRUPT, f"page {number} of its schema is none of a table")
    first = start + (12 if kind == _INTERIOR else 8)
    if kind == _INTERIOR:
        yield struct.unpack_from(">I", page, start + 8)[0], True
    for cell in struct.unpack_from(f">{cells}H", page, first):
        if kind == _INTERIOR:
            yield struct.unpack_from(">I", page, cell)[0], True
        else:
            length, at = _varint(page, cell)
            _, at = _varint(page, at)
            here = _kept_here(length, header.page_size - header.reserved)
            if here < length:
                yield struct.unpack_from(">I", page, at + here)[0], False


def _chain_link(page: bytes) -> Iterator[tuple[int, bool]]:
    (following,) = struct.unpack_from(">I", page)
    if following:
        yield following, False


def _kept_here(length: int, usable: int) -> int:
    """How many bytes of a record of `length` lie on its leaf page; the rest overflows."""
    if length <= usable - 35:
        return length
    least = (usable - 12) * 32 // 255 - 23
    most = least + (length - least) % (usable - 4)
    return most if most <= usable - 35 else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for count in range(8):
        byte = data[at + count]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    return value << 8 | data[at + 8], at + 9
