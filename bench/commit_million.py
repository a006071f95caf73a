"""The mirror under load: a million column rows in a commit, readers beside it, and the file after 200 runs of a source.

`python bench/commit_million.py` commits 25,000 tables of 40 columns into a new mirror, then twice more, where all are
replaced and compared for schema changes, while another process reads all the time. Then a source of 20,000 column
rows runs 200 times over. Fails when a commit takes over 5 s, a reader waits over 1 s, or the file grows over 3 times
what is alive.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from measure import Checks

from core import rows
from core.mirror.mirror import Mirror, Staged
from core.mirror.session import literal
from core.stage import Stage

COLUMNS = 40
_MOMENT = datetime(2026, 1, 1)
_CHUNK = 250


def staged(folder: Path, source: str, job: str, tables: int, odd: bool = False) -> Staged:
    """A sealed source of so many tables, each one file; `odd` gives a hundredth of the columns another type."""
    stage = Stage.begin(folder / f"{source}-{job}")
    who = {"workflow_id": "bench", "source_id": source}
    stage.write_rows(
        "sources",
        [who | {"source_path": "/lake", "job_id": job, "files_found": tables, "columns_found": tables * COLUMNS}],
    )
    for first in range(0, tables, _CHUNK):
        names = [f"warehouse/db{at % 10}/table_{at:06}" for at in range(first, min(tables, first + _CHUNK))]
        table = {"file_type": "parquet", "row_count": 7, "column_count": COLUMNS, "row_count_source": "footer"}
        stage.write_rows("tables", [who | table | {"table_name": name, "file_path": name} for name in names])
        file = {"size_bytes": 100, "file_type": "parquet", "status": "read", "row_count": 7}
        stage.write_rows(
            "files", [who | file | {"table_name": name, "file_path": f"{name}/part-0.parquet"} for name in names]
        )
        count = len(names) * COLUMNS
        values = {
            "workflow_id": pa.array(["bench"]).take(pa.array([0] * count)),
            "source_id": pa.array([source]).take(pa.array([0] * count)),
            "table_name": pa.array([name for name in names for _ in range(COLUMNS)]),
            "column_name": pa.array([f"column_{at}" for _ in names for at in range(COLUMNS)]),
            "data_type": pa.array(["double" if odd and at % 100 == 0 else "bigint" for at in range(count)]),
            "position": pa.array([at for _ in names for at in range(COLUMNS)], pa.int32()),
            "is_nullable": pa.array([True] * count),
            "native_type": pa.array(["INT64"] * count),
            "type_source": pa.array(["parquet"] * count),
            "present_in_files": pa.array([1] * count),
        }
        arrays = [values.get(field.name, pa.nulls(count, field.type)) for field in rows.COLUMNS]
        stage.write("columns", pa.RecordBatch.from_arrays(arrays, schema=rows.COLUMNS))
    stage.seal({})
    return Staged("bench", source, job, stage)


def read_on(path: Path) -> None:
    """Ask the mirror again and again; print each time how long the answer took, until it is killed."""
    mirror = Mirror(path)
    while True:
        began = time.monotonic()
        mirror.query("SELECT count(*) FROM columns WHERE table_name = 'warehouse/db1/table_000001'")
        print(time.monotonic() - began, flush=True)
        time.sleep(0.01)


def commit(mirror: Mirror, source: Staged) -> tuple[float, float]:
    """Seconds it took, and the longest that a reader in another process waited meanwhile."""
    with tempfile.TemporaryFile("w+") as waits:
        reader = None
        if mirror.exists():
            reader = subprocess.Popen([sys.executable, __file__, "--read", str(mirror.path)], stdout=waits)
            while not waits.seek(0, 2):
                time.sleep(0.05)
        began = time.monotonic()
        mirror.commit([source], _MOMENT)
        took = time.monotonic() - began
        if reader is None:
            return took, 0.0
        # The answer that was waited for when the commit ended has to come yet.
        size = waits.seek(0, 2)
        while waits.seek(0, 2) < size + 100:
            time.sleep(0.01)
        reader.kill()
        reader.wait()
        waits.seek(0)
        return took, max(map(float, waits.read().split("\n")[:-1]))


def alive(path: Path) -> int:
    """Bytes of a fresh copy, which holds only what is alive."""
    fresh = path.with_suffix(".fresh")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(path))} AS old (READ_ONLY)")
        connection.execute(f"ATTACH {literal(str(fresh))} AS fresh")
        connection.execute("COPY FROM DATABASE old TO fresh")
    return fresh.stat().st_size


def main() -> None:
    """Measure, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=25_000)
    parser.add_argument("--again", type=int, default=200)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read_on(given.read)
    checks = Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        mirror = Mirror(folder / "mirror.duckdb")
        rows_given = given.tables * COLUMNS
        mirror.create_schema()
        for name, job, odd in (("new", "a", False), ("replaced", "b", False), ("changed", "c", True)):
            took, waited = commit(mirror, staged(folder, "lake", job, given.tables, odd))
            checks.check(took <= 5, f"{rows_given:,} column rows, {name}: committed in {took:.2f} s")
            checks.check(waited <= 1, f"{rows_given:,} column rows, {name}: a reader waited {waited:.2f} s at most")
        [(count, changed)] = (
            mirror.query("SELECT (SELECT count(*) FROM columns) AS a, (SELECT count(*) FROM schema_changes) AS b")
            .to_pylist()[0]
            .values(),
        )
        checks.check(
            count == rows_given and changed == rows_given // 100, f"{count:,} columns, {changed:,} changes noted"
        )
        again = Mirror(folder / "again.duckdb")
        for run in range(given.again):
            again.commit([staged(folder, "lake", f"job{run}", 500)], _MOMENT)
        size, live = again.path.stat().st_size, alive(again.path)
        checks.check(
            size <= 3 * live,
            f"{given.again} runs of a source: {size / 1e6:.1f} MB, {size / live:.2f} times what is alive",
        )
    checks.end()


if __name__ == "__main__":
    main()
