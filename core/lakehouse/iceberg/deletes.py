"""How many rows the delete files of an Iceberg snapshot take away.

A deletion vector counts its own positions and belongs to one data file. A file of position deletes
has to be read: positions may be named twice, and those of files that are gone do not count. What
an equality delete takes away only the data can tell.
"""

from __future__ import annotations

from collections.abc import Container, Generator, Mapping, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from core.lakehouse.base import Ask, LogError
from core.lakehouse.iceberg.manifests import EQUALITY_DELETES, POSITION_DELETES, Entry
from core.lakehouse.parquet import read_leaves
from core.lakehouse.paths import Paths
from core.text import plural

_MOST_BYTES = 64 << 20
_MOST_POSITIONS = 10_000_000
_COLUMNS = frozenset({"file_path", "pos"})

Deleted = Generator[Sequence[Ask], Sequence[bytes], tuple[Mapping[str, int], str | None]]


def count_deleted(data: Sequence[Entry], deletes: Sequence[Entry], paths: Paths) -> Deleted:
    """Deleted rows by data file's path; and why that is not all, when it isn't."""
    by_path = {entry.path: entry for entry in data}
    oldest = min((entry.sequence for entry in data), default=0)
    applying = [entry for entry in deletes if _may_apply(entry, by_path, oldest)]
    equality = [entry for entry in applying if entry.content == EQUALITY_DELETES]
    if equality:
        count = plural(len(equality), "file")
        return {}, f"{count} of equality deletes: how many rows they delete, only the data can tell"
    if any(entry.content != POSITION_DELETES or (_is_vector(entry) and not entry.refers_to) for entry in applying):
        return {}, "it has delete files of a kind that is not known"
    vectors = {entry.refers_to: entry.rows or 0 for entry in applying if entry.refers_to and _is_vector(entry)}
    files = [entry for entry in applying if not _is_vector(entry)]
    positions = sum(entry.rows or 0 for entry in files)
    if sum(entry.size for entry in files) > _MOST_BYTES or positions > _MOST_POSITIONS:
        return vectors, "its position deletes are too many to be counted"
    found = _Positions(by_path)
    for entry in files:
        file = paths.find(entry.path)
        if file is None or entry.format != "parquet":
            why = "is not stored here" if file is None else f"is {entry.format}, which is not read for this"
            return vectors, f"a file of position deletes {why}"
        try:
            yield from read_leaves(file, _COLUMNS.__contains__, partial(found.take, entry.sequence))
        except (LogError, pa.ArrowException, KeyError, ValueError) as error:
            return vectors, f"a file of position deletes cannot be read: {error}"
    return {**vectors, **found.counted(vectors)}, None


def _is_vector(entry: Entry) -> bool:
    return entry.format == "puffin"


def _may_apply(entry: Entry, data: Mapping[str, Entry], oldest: int) -> bool:
    """Whether there is data that a delete file is old enough for (Iceberg specification, "Scan Planning")."""
    if not data or entry.rows == 0:
        return False
    if entry.content == EQUALITY_DELETES:
        return entry.sequence > oldest
    if entry.refers_to is not None:
        return entry.refers_to in data and data[entry.refers_to].sequence <= entry.sequence
    return entry.sequence >= oldest


class _Positions:
    """Deleted positions of live files, a file as its number: paths are long and repeat."""

    def __init__(self, data: Mapping[str, Entry]) -> None:
        self._data = data
        self._numbers: dict[str, int] = {}
        self._found: list[pa.Table] = []

    def take(self, sequence: int, batch: pa.RecordBatch) -> None:
        """Keep those positions that are of live files no newer than the deletes."""
        files = batch.column("file_path").cast(pa.string()).dictionary_encode()
        numbers = [self._number(path, sequence) for path in files.dictionary.to_pylist()]
        found = pa.table({"file": pa.array(numbers, pa.int32()).take(files.indices), "pos": batch.column("pos")})
        self._found.append(found.filter(pc.is_valid(found.column("file"))))

    def _number(self, path: str, sequence: int) -> int | None:
        entry = self._data.get(path)
        if entry is None or entry.sequence > sequence:
            return None
        return self._numbers.setdefault(path, len(self._numbers))

    def counted(self, vectors: Container[str]) -> Mapping[str, int]:
        """Distinct positions by file; a file with a vector has all its deletes in that."""
        if not self._found:
            return {}
        both = pa.concat_tables(self._found, promote_options="permissive")
        counts = both.group_by(["file", "pos"]).aggregate([]).column("file").value_counts().to_pylist()
        paths = list(self._numbers)
        named = {paths[count["values"]]: count["counts"] for count in counts}
        return {path: count for path, count in named.items() if path not in vectors}
