"""The protocol every format follows.

A reader does no I/O. It is a generator that yields the byte range it needs next, is sent those
bytes, and returns what the file says (`FileReading`). So it is pure, can be tested with bytes
alone, runs in any thread or process, and never decides how bytes travel. Whoever drives it
(`core.engines.local`) fetches the ranges. It raises `FileError` when the file is broken.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.catalog import FileReading
from core.csv_options import CsvOptions
from core.errors import Fault, FileError

Span = tuple[int, int]
"""A byte range: first byte, and the one after the last."""

Steps = Generator[Span, bytes, FileReading]


MOST_COLUMNS = 100_000
"""A file that has more is no table; half a million take a gigabyte, here and in whatever shows them."""

LONGEST_NAME = 10_000
"""A column's name of more characters is none."""

MOST_ROWS = 1 << 45
"""A file that counts more lies: the rows of many together must still be a BIGINT."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How much to read, by the payload's option names. `only` keeps one format and ignores the others."""

    row_counts: Literal["metadata", "exact", "none"] = "metadata"
    sample_values: int = 0
    sample_bytes: int = 1 << 20
    only: str | None = None
    csv: CsvOptions = field(default_factory=CsvOptions)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file of `size` bytes of which some are here: its first (`head`) and last (`tail`) ones.

    Either may be empty; when the whole file is here both are the whole file.
    """

    key: str
    size: int
    head: bytes
    tail: bytes

    @property
    def whole(self) -> bool:
        return len(self.head) == self.size

    def fetch(self, start: int, end: int) -> Generator[Span, bytes, bytes]:
        """The bytes from `start` to before `end`, asking for them only when not here.

        `data = yield from opened.fetch(0, 4)`.
        """
        end = min(end, self.size)
        if end <= len(self.head):
            return self.head[start:end]
        first = self.size - len(self.tail)
        if start >= first:
            return self.tail[start - first : end - first]
        data = yield (start, end)
        return data


def too_wide(columns: int) -> FileError:
    """The error of a table with more than `MOST_COLUMNS`."""
    return FileError(Fault.UNSUPPORTED, f"it has {columns:,} columns, and at most {MOST_COLUMNS:,} are read")


class Format(Protocol):
    """One file format."""

    @property
    def name(self) -> str:
        """The name in `file_type`: `parquet`, `csv`, `json` …"""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Lower-case file name endings that suggest it, with the dot: `(".parquet", ".parq")`."""
        ...

    @property
    def end(self) -> Literal["head", "tail"]:
        """Which end of a file tells its schema, and so is read first."""
        ...

    def sniff(self, head: bytes, tail: bytes) -> bool:
        """Whether these first and last bytes are surely of this format (magic numbers)."""
        ...

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        """Read the file's schema and row count; raises `FileError`."""
        ...
