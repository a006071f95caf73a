"""What every table format's reader has in common.

Like a file's reader (`core.formats.base`) it does no I/O: it is a generator that yields the byte
ranges it needs next, of several files at once, is sent their bytes in the same order, and returns
the table's account of itself. What it does not ask for is never fetched: data files least of all.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from core.catalog import CountSource, DataFile, MergedColumn
from core.errors import Fault, FileError

_MOST_BYTES = 32 << 20
_MOST_FILES = 256


@dataclass(frozen=True, slots=True)
class Ask:
    """A byte range of one listed file: first byte, and the one after the last."""

    key: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A lakehouse table's folder as it was listed.

    `root` is its key (empty: the source itself), `files` everything below it by key, and `log`
    those of them that are the table's own account.
    """

    root: str
    kind: str
    files: Mapping[str, DataFile]
    log: tuple[DataFile, ...]

    def key(self, below: str) -> str:
        """The key of a path below the root."""
        return f"{self.root}/{below}" if self.root else below


@dataclass(frozen=True, slots=True)
class LiveFile:
    """A data file of a table's current state.

    `key` is None when it lies outside the folder or was not listed; `size` is in bytes; `rows` it
    holds, None when the account does not say; `deleted` of them are marked as deleted.
    """

    key: str | None
    size: int
    rows: int | None
    deleted: int = 0
    format: str = "parquet"


@dataclass(frozen=True, slots=True)
class Account:
    """What a table says of its current state.

    `files` is None when which ones are live is not known.
    `rows_certain` is False when no sum over `files` gives the rows; then `rows` may. `set_aside` are keys of files
    that are neither data nor log, with the reason why (`deletion vector`). `properties` are
    facts about the table as a whole, by name.
    """

    columns: tuple[MergedColumn, ...]
    files: tuple[LiveFile, ...] | None
    row_count_source: CountSource
    rows_certain: bool = True
    rows: int | None = None
    set_aside: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None
    warnings: tuple[str, ...] = ()


Steps = Generator[Sequence[Ask], Sequence[bytes], Account]


class LogError(FileError):
    """A table's own account cannot be read; `key` is the file to blame, if it is one."""

    def __init__(self, message: str, key: str | None = None, *, fault: Fault = Fault.CORRUPT) -> None:
        super().__init__(fault, message)
        self.key = key


def whole(file: DataFile) -> Ask:
    """All of a file; an empty one needs no request."""
    return Ask(file.key, 0, file.size)


def batches(files: Sequence[DataFile]) -> Iterator[Sequence[DataFile]]:
    """Files in order, as many at a time as may be asked for at once and held in memory."""
    batch: list[DataFile] = []
    size = 0
    for file in files:
        if batch and (size + file.size > _MOST_BYTES or len(batch) == _MOST_FILES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch
