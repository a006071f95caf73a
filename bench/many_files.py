"""A lake of 100,000 Parquet files: requests, bytes, memory, requests in flight, and a second run of the same.

`python bench/many_files.py` runs nuvyn on lakes of `--fewer` and `--files` files with 100 tables, on the larger one
twice, then on the smaller one with 50 ms to each answer. Counts are the object server's own. Fails when a request is
made that need not be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import lake
from measure import HERE, Checks, Took, run
from object_server import Server

TABLES = 100
_TAIL = 64 << 10
_PAGE = 1_000
_AT_ONCE = 64


class Lakes:
    """Runs of nuvyn on lakes of the object server, each table of figures a line."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._folder = server, folder
        print(f"{'run':24} {'wall':>8} {'CPU':>8} {'peak':>9} {'LIST':>6} {'GET':>8} {'HEAD':>5}", end="")
        print(f" {'bytes/GET':>10} {'parsed':>7}")

    def run(self, name: str, files: int, latency_ms: float = 0) -> tuple[Took, dict[str, Any], dict[str, Any]]:
        """What it took, what the server counted, and what nuvyn answered."""
        payload = self._folder / f"{files}.json"
        source = {"source_id": "lake", "data_source_path": f"s3://lake-{files}-{TABLES}/"}
        payload.write_text(json.dumps({"workflow_id": "bench", "sources": [source]}))
        home = self._folder / f"home-{files}-{latency_ms:g}"
        self._server.prepare(f"lake-{files}-{TABLES}")
        self._server.set(latency_ms=latency_ms)
        environ = self._server.environ() | {"NUVYN_HOME": str(home)}
        took = run([sys.executable, str(HERE / "counting_parses.py"), "run", str(payload), "--json"], environ)
        found = self._server.stats()
        found["parsed"] = int(took.told.rsplit("parsed ", 1)[1])
        print(
            f"{name:24} {took.wall_s:6.1f} s {took.cpu_s:6.1f} s {took.peak_mb:6.0f} MB {found['LIST']:6,}"
            f" {found['GET']:8,} {found['HEAD']:5} {found['bytes'] / max(1, found['GET']):10,.0f} {found['parsed']:7}",
            flush=True,
        )
        return took, found, json.loads(took.printed.splitlines()[-1])


def main() -> None:
    """Measure, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--fewer", type=int, default=10_000)
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        lakes = Lakes(server, Path(folder))
        few, _, _ = lakes.run(f"{given.fewer:,} files", given.fewer)
        many, found, answer = lakes.run(f"{given.files:,} files", given.files)
        again, left, same = lakes.run(f"{given.files:,} files again", given.files)
        _, slow, _ = lakes.run(f"{given.fewer:,} files at 50 ms", given.fewer, 50)
    pages = -(-given.files // _PAGE)
    extra = found["LIST"] - pages
    metadata = answer["result_data"]["sources"][0]["metadata"]
    rows = sum(each["row_count"] for each in metadata["files"])
    checks.check(metadata["files_found"] == given.files, f"files found: {metadata['files_found']:,}")
    checks.check(
        len(metadata["files"]) < given.files or rows == lake.rows(given.files, TABLES),
        f"rows of the files told: {rows:,}",
    )
    checks.check(
        0 <= extra <= found["prefixes"] and found["repeated"] == 0,
        f"LISTs: {pages} pages and {extra} for {found['prefixes']} folders listed by themselves, none twice",
    )
    checks.check(found["GET"] == given.files and found["HEAD"] == 0, "one GET a file, no HEAD")
    checks.check(found["parsed"] == TABLES, f"full parses: {found['parsed']} for {TABLES} schemas")
    off = found["bytes"] / (given.files * _TAIL) - 1
    checks.check(abs(off) <= 0.05, f"bytes: {off:+.2%} of files x 64 KiB")
    checks.check(slow["most_in_flight"] <= _AT_ONCE, f"in flight at 50 ms: at most {slow['most_in_flight']}")
    checks.check(
        slow["mean_in_flight"] >= 0.9 * _AT_ONCE, f"in flight at 50 ms: {slow['mean_in_flight']:.1f} on average"
    )
    checks.check(
        many.peak_mb - few.peak_mb <= 64,
        f"memory for {given.files - given.fewer:,} more files: {many.peak_mb - few.peak_mb:.1f} MB",
    )
    checks.check(left["GET"] == 0, f"second run: {left['GET']} GETs")
    checks.check(again.wall_s <= 15, f"second run: {again.wall_s:.1f} s")
    checks.check(again.peak_mb <= 300, f"second run: {again.peak_mb:.0f} MB")
    checks.check(
        same["result_data"]["sources"][0]["metadata"]["files_found"] == given.files, "second run: the same files"
    )
    checks.end()


if __name__ == "__main__":
    main()
