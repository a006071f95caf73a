"""Some columns of a Parquet file, fetched by their ranges: a table's log can be far larger than what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.catalog import DataFile
from core.errors import first_line
from core.formats.sparse import Sparse
from core.lakehouse.base import Ask, LogError

_SMALL = 1 << 20
_TAIL = 64 << 10
_TRAILER = 8
# Some readers of old files look a little past a column's end (PARQUET-816).
_SLACK = 128
_GAP = 256 << 10
_ROWS = 16_384
# What is fetched at once of a large file; a row group is never split.
_PORTION = 32 << 20

Take = Callable[[pa.RecordBatch], None]
Steps = Generator[Sequence[Ask], Sequence[bytes], None]
Span = tuple[int, int]


def read_leaves(file: DataFile, wanted: Callable[[str], bool], take: Take) -> Steps:
    """Give `take` record batches of the leaf columns whose dotted path is wanted, in order; none when there are none.

    Raises:
        LogError: it is not Parquet, or broken. `take` may have been given some of it by then.
    """
    end = yield from _end(file)
    with _blaming(file.key):
        meta = _open(file, [end]).metadata
        leaves = [at for at in range(meta.num_columns) if wanted(meta.schema.column(at).path)]
        paths = [meta.schema.column(at).path for at in leaves]
        if not leaves:
            return
        here = len(end[1]) == file.size
        portions = [(range(meta.num_row_groups), list[Span]())] if here else list(_portions(meta, leaves, file.size))
    for groups, spans in portions:
        parts = (yield [Ask(file.key, start, stop) for start, stop in spans]) if spans else []
        fetched = [(start, data) for (start, _), data in zip(spans, parts, strict=True)]
        with _blaming(file.key):
            batches = _open(file, [end, *fetched]).iter_batches(_ROWS, row_groups=list(groups), columns=paths)
        while True:
            with _blaming(file.key):
                batch = next(batches, None)
            if batch is None:
                break
            take(batch)


@contextmanager
def _blaming(key: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LogError(f"it cannot be read as Parquet: {first_line(error)}", key) from error


def _open(file: DataFile, ranges: Iterable[tuple[int, bytes]]) -> pq.ParquetFile:
    return pq.ParquetFile(
        pa.PythonFile(Sparse(file.size, ranges), mode="r"), pre_buffer=False, page_checksum_verification=True
    )


def _end(file: DataFile) -> Generator[Sequence[Ask], Sequence[bytes], tuple[int, bytes]]:
    """The file when it is small, else as much of its end as its footer takes; with where that starts."""
    start = 0 if file.size <= _SMALL else file.size - _TAIL
    [data] = yield [Ask(file.key, start, file.size)]
    if data[-4:] != b"PAR1":
        raise LogError("it does not end like Parquet: cut short, or still being written", file.key)
    length = int.from_bytes(data[-_TRAILER:-4], "little") + _TRAILER
    if length > file.size:
        raise LogError("its footer claims to be larger than the file", file.key)
    if length > len(data):
        start = file.size - length
        [data] = yield [Ask(file.key, start, file.size)]
    return start, data


def _portions(meta: Any, leaves: Sequence[int], size: int) -> Iterator[tuple[range, list[Span]]]:
    """Row groups in order, as many at a time as may be held in memory, with the ranges of their columns."""
    first, spans, held = 0, list[Span](), 0
    for group in range(meta.num_row_groups):
        new = list(_spans(meta, group, leaves, size))
        count = sum(end - start for start, end in new)
        if spans and held + count > _PORTION:
            yield range(first, group), _merged(spans)
            first, spans, held = group, [], 0
        spans += new
        held += count
    yield range(first, meta.num_row_groups), _merged(spans)


def _spans(meta: Any, group: int, leaves: Sequence[int], size: int) -> Iterator[Span]:
    for leaf in leaves:
        chunk = meta.row_group(group).column(leaf)
        start = chunk.data_page_offset
        if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
            start = chunk.dictionary_page_offset
        end = min(size, start + chunk.total_compressed_size + _SLACK)
        if not 0 <= start < end:
            raise ValueError("a column lies outside the file")
        yield start, end


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Ranges in order; those that nearly touch are one, for a request costs more than the gap."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + _GAP:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
