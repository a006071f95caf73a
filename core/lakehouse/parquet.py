"""Some columns of a Parquet file, fetched by their ranges: a table's log can be far larger than what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
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
_ROWS = 65_536

BatchSteps = Generator[Sequence[Ask], Sequence[bytes], Iterator[pa.RecordBatch]]


def read_leaves(file: DataFile, wanted: Callable[[str], bool]) -> BatchSteps:
    """Record batches of the leaf columns whose dotted path is wanted; nothing when there are none.

    Raises:
        LogError: it is not Parquet, or broken.
    """
    try:
        ranges = yield from _end(file)
        source = pq.ParquetFile(pa.PythonFile(Sparse(file.size, ranges), mode="r"), pre_buffer=False)
        meta = source.metadata
        leaves = [at for at in range(meta.num_columns) if wanted(meta.schema.column(at).path)]
        if not leaves:
            return iter(())
        if len(ranges[0][1]) < file.size:
            spans = _merged(_spans(meta, leaves, file.size))
            parts = yield [Ask(file.key, start, end) for start, end in spans]
            ranges = [*ranges, *((start, data) for (start, _), data in zip(spans, parts, strict=True))]
            source = pq.ParquetFile(pa.PythonFile(Sparse(file.size, ranges), mode="r"), pre_buffer=False)
        paths = [meta.schema.column(at).path for at in leaves]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LogError(f"it cannot be read as Parquet: {first_line(error)}", file.key) from error
    return _batches(source, paths, file.key)


def _end(file: DataFile) -> Generator[Sequence[Ask], Sequence[bytes], list[tuple[int, bytes]]]:
    """The file when it is small, else as much of its end as its footer takes."""
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
    return [(start, data)]


def _spans(meta: Any, leaves: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    for group in range(meta.num_row_groups):
        for leaf in leaves:
            chunk = meta.row_group(group).column(leaf)
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
                start = chunk.dictionary_page_offset
            yield start, min(size, start + chunk.total_compressed_size + _SLACK)


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order; those that nearly touch are one, for a request costs more than the gap."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + _GAP:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _batches(source: pq.ParquetFile, paths: list[str], key: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from source.iter_batches(_ROWS, columns=paths)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LogError(f"its rows cannot be read: {first_line(error)}", key) from error
