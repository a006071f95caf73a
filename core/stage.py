"""A run's staged rows: one Parquet file a table, written as the rows come.

A stage lives in `runs/JOB/SEQ/` until it is committed. It counts as complete once
`seal` has been called; a folder without the seal is what a dead worker left and is redone.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core import rows
from core.points import reached

_SEAL = "sealed.json"
_ROWS_A_GROUP = 10_000


class Stage:
    """The rows of one source's run on disk, and how to read them back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._pending: dict[str, list[pa.RecordBatch]] = {}

    @classmethod
    def begin(cls, folder: Path) -> Stage:
        """An empty stage in `folder`; what was there is removed."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        reached("stage: begun")
        return cls(folder)

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Append rows to a table named in `rows.ALL`; memory stays at one row group a table."""
        pending = self._pending.setdefault(table, [])
        pending.append(batch)
        if sum(len(b) for b in pending) >= _ROWS_A_GROUP:
            self._flush(table)

    def write_rows(self, table: str, records: list[dict[str, Any]]) -> None:
        """Append rows given as dictionaries."""
        self.write(table, pa.RecordBatch.from_pylist(records, schema=rows.ALL[table]))

    def flush(self) -> None:
        """Write all rows given so far and finish the files, so that `path` can be read."""
        for table in rows.ALL:
            self._flush(table)
        self.close()

    def seal(self, summary: Mapping[str, Any]) -> None:
        """Mark the stage complete, with `summary` (JSON) beside it; nothing can be written after."""
        self.flush()
        reached("stage: flushed")
        partial = self.folder / "sealed.part"
        partial.write_text(json.dumps(summary))
        reached("stage: seal written")
        partial.rename(self.folder / _SEAL)
        reached("stage: sealed")

    def close(self) -> None:
        """Close open files; rows not yet flushed are dropped."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        self._pending.clear()

    def remove(self) -> None:
        """Delete the stage from disk."""
        self.close()
        reached("stage: to be removed")
        shutil.rmtree(self.folder, ignore_errors=True)
        reached("stage: removed")

    def summary(self) -> dict[str, Any] | None:
        """What `seal` was given, or None when the stage is not complete."""
        try:
            found = json.loads((self.folder / _SEAL).read_text())
        except (OSError, ValueError):
            return None
        return dict(found)

    def path(self, table: str) -> Path | None:
        """The Parquet file of a table, or None when it has no rows."""
        path = self.folder / f"{table}.parquet"
        return path if path.exists() else None

    def rows(self) -> int:
        """How many rows are staged, all tables together."""
        paths = (self.path(table) for table in rows.ALL)
        return sum(pq.ParquetFile(path).metadata.num_rows for path in paths if path is not None)

    def _flush(self, table: str) -> None:
        batches = self._pending.pop(table, [])
        if not batches:
            return
        writer = self._writers.get(table)
        if writer is None:
            path = self.folder / f"{table}.parquet"
            writer = pq.ParquetWriter(path, rows.ALL[table], compression="zstd")
            self._writers[table] = writer
        writer.write_table(pa.Table.from_batches(batches, rows.ALL[table]))
        reached(f"stage: rows of {table} written")
