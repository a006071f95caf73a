"""How many rows the delete files of an Iceberg snapshot take away.

A deletion vector counts its own positions and belongs to one data file. A file of position deletes
has to be read: positions may be named twice, and those of files that are gone do not count. What
an equality delete takes away only the data can tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.lakehouse.base import Ask, LogError
from core.lakehouse.iceberg.manifests import EQUALITY_DELETES, Entry
from core.lakehouse.iceberg.paths import Paths
from core.lakehouse.parquet import read_leaves

_MOST_BYTES = 64 << 20
_COLUMNS = frozenset({"file_path", "pos"})

Deleted = Generator[Sequence[Ask], Sequence[bytes], tuple[Mapping[str, int], str | None]]


def count_deleted(data: Mapping[str, Entry], deletes: Sequence[Entry], paths: Paths) -> Deleted:
    """Deleted rows by data file's path; and why that is not all, when it isn't."""
    deleted: Counter[str] = Counter()
    equality = [entry for entry in deletes if entry.content == EQUALITY_DELETES]
    oldest = min((entry.sequence for entry in data.values()), default=0)
    if any(entry.sequence > oldest for entry in equality):
        return deleted, f"{len(equality)} files of equality deletes: how many rows they delete, only the data can tell"
    vectors = {entry.refers_to: entry.rows for entry in deletes if entry.format == "puffin" and entry.refers_to}
    deleted.update({path: rows for path, rows in vectors.items() if path in data})
    positions = [entry for entry in deletes if entry.content != EQUALITY_DELETES and entry.format != "puffin"]
    if sum(entry.size for entry in positions) > _MOST_BYTES:
        return deleted, "its position deletes are too large to be counted"
    found: list[pa.Table] = []
    for entry in positions:
        file = paths.find(entry.path)
        if file is None or entry.format != "parquet":
            why = "is not stored here" if file is None else f"is {entry.format}, which is not read for this"
            return deleted, f"a file of position deletes {why}"
        try:
            batches = yield from read_leaves(file, _COLUMNS.__contains__)
            found.append(_applying(pa.Table.from_batches(batches), entry, data))
        except (LogError, pa.ArrowException, KeyError, ValueError) as error:
            return deleted, f"a file of position deletes cannot be read: {error}"
    deleted.update(_counted(found, vectors))
    return deleted, None


def _applying(positions: pa.Table, entry: Entry, data: Mapping[str, Entry]) -> pa.Table:
    """Those positions that are of live files no newer than the deletes."""
    files = positions.column("file_path")
    live = [path for path in pc.unique(files).to_pylist() if path in data and data[path].sequence <= entry.sequence]
    return positions.filter(pc.is_in(files, pa.array(live, files.type))).select(["file_path", "pos"])


def _counted(positions: Sequence[pa.Table], vectors: Iterable[str]) -> Mapping[str, int]:
    """Distinct positions by file; a file with a vector has all its deletes in that."""
    if not positions:
        return {}
    both = pa.concat_tables(positions, promote_options="permissive")
    distinct = both.group_by(["file_path", "pos"]).aggregate([])
    counts = Counter(distinct.column("file_path").to_pylist())
    return {path: count for path, count in counts.items() if path not in vectors}
