"""A folder of 20,000 Parquet files on this machine, beside DuckDB's `parquet_file_metadata` and `parquet_schema`.

`python bench/local_files.py` runs nuvyn from its start to its end, all rows in the mirror, and DuckDB's two
table functions in a process of their own, in turn and `--rounds` times over. Fails when DuckDB is ahead.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import lake
from measure import Checks, Took, nuvyn, rounds, run

TABLES = 50
_DUCKDB = """
import sys, duckdb
glob = sys.argv[1] + "/**/*.parquet"
[(files, rows)] = duckdb.sql(f"SELECT count(*), sum(num_rows) FROM parquet_file_metadata('{glob}')").fetchall()
[(columns,)] = duckdb.sql(f"SELECT count(*) FROM parquet_schema('{glob}')").fetchall()
print(files, rows)
"""


def main() -> None:
    """Measure, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "lake"
        home, payload = Path(temporary) / "home", Path(temporary) / "payload.json"
        lake.write(folder, given.files, TABLES)
        # Else the first to be measured is while the lake is still being written.
        os.sync()
        source = {"source_id": "lake", "data_source_path": str(folder)}
        payload.write_text(json.dumps({"workflow_id": "bench", "sources": [source]}))

        def ours() -> Took:
            shutil.rmtree(home, ignore_errors=True)
            took = run(nuvyn("run", str(payload), "--json"), {"NUVYN_HOME": str(home)})
            sql = "SELECT sum(file_count)::BIGINT AS files, sum(row_count)::BIGINT AS rows FROM tables"
            [found] = json.loads(run(nuvyn("query", sql, "--json"), {"NUVYN_HOME": str(home)}).printed)
            return Took(took.wall_s, took.cpu_s, took.peak_mb, f"{found['files']} {found['rows']}", took.told)

        found = rounds(
            given.rounds, {"nuvyn": ours, "duckdb": lambda: run([sys.executable, "-c", _DUCKDB, str(folder)], {})}
        )
    print(f"{'':8} {'wall':>9} {'files/s':>8} {'CPU':>9} {'peak':>8}")
    for name, took in found.items():
        speed = given.files / took.wall_s
        print(f"{name:8} {took.wall_s:7.2f} s {speed:8,.0f} {took.cpu_s:7.2f} s {took.peak_mb:5.0f} MB")
        whole = [str(given.files), str(lake.rows(given.files, TABLES))]
        checks.check(took.printed.split() == whole, f"{name}: {' files, '.join(took.printed.split())} rows")
    times = found["duckdb"].wall_s / found["nuvyn"].wall_s
    checks.check(times >= 1, f"duckdb takes {times:.2f} times as long")
    checks.end()


if __name__ == "__main__":
    main()
