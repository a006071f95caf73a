"""Listing a million keys: memory, requests, and CPU a key beside `find` of s3fs and adlfs.

`python bench/listings.py` has nuvyn plan a run (`--dry-run`: it lists, and reads nothing) on S3 and Azure, with
obstore and without it; then s3fs and adlfs list fewer keys by `find`. What a listing of 1,000 keys takes is a
program's start, and taken off for the figures "a key". Fails when memory or ratios are not as promised, or a
page is asked for twice.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from measure import HERE, Checks, Took, nuvyn, run
from object_server import Server

FOLDERS = 40
_FEW = 1_000
_MOST_MB = 250
_TIMES = 3
_PAGES = {"s3": 1_000, "az": 5_000}
_FINDERS = {"s3": "s3fs-find", "az": "adlfs-find"}


def main() -> None:
    """Measure, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--find-keys", type=int, default=100_000)
    parser.add_argument("--peers-python", default=sys.executable)
    given = parser.parse_args()
    checks = Checks()
    print(f"{'':18} {'keys':>9} {'wall':>8} {'peak':>8} {'LIST':>6} {'other':>6}   a key: {'CPU':>8}")
    with tempfile.TemporaryDirectory() as folder, Server() as server:

        def planned(command: list[str], scheme: str, keys: int) -> Took:
            payload = Path(folder) / "payload.json"
            source = {"source_id": "lake", "data_source_path": f"{scheme}://keys-{keys}-{FOLDERS}/"}
            payload.write_text(json.dumps({"workflow_id": "bench", "sources": [source]}))
            environ = server.environ() | {"NUVYN_HOME": str(Path(folder) / "home")}
            took = run([*command, "run", str(payload), "--dry-run", "--json"], environ)
            found = json.loads(took.printed.splitlines()[-1])["total"]["listed"]
            if found != keys:
                checks.check(False, f"{found:,} keys listed of {keys:,}")
            return took

        def found_by(name: str, keys: int) -> Took:
            return run([given.peers_python, str(HERE / "readers.py"), name, f"keys-{keys}-{FOLDERS}"], server.environ())

        def told(name: str, keys: int, few: Took, took: Took) -> float:
            counted = server.stats()
            cpu = (took.cpu_s - few.cpu_s) / (keys - _FEW) * 1e6
            others = counted["GET"] + counted["HEAD"] + counted["OTHER"]
            print(
                f"{name:18} {keys:9,} {took.wall_s:6.1f} s {took.peak_mb:5.0f} MB {counted['LIST']:6,} {others:6}"
                f"          {cpu:5.1f} us",
                flush=True,
            )
            return cpu

        for keys in (_FEW, given.find_keys, given.keys):
            server.prepare(f"keys-{keys}-{FOLDERS}")
        for scheme, finder in _FINDERS.items():
            taken = {}
            for name, command in (("obstore", nuvyn()), ("fsspec", [sys.executable, str(HERE / "without_obstore.py")])):
                few = planned(command, scheme, _FEW)
                server.set()
                took = planned(command, scheme, given.keys)
                taken[name] = told(f"nuvyn {scheme} {name}", given.keys, few, took)
                counted = server.stats()
                pages = -(-given.keys // _PAGES[scheme])
                checks.check(took.peak_mb <= _MOST_MB, f"{given.keys:,} keys: {took.peak_mb:.0f} MB")
                checks.check(
                    counted["LIST"] <= pages + counted["prefixes"] and not counted["repeated"],
                    f"LISTs: {counted['LIST']:,} for {pages:,} pages and {counted['prefixes']} folders, none twice",
                )
            few = found_by(finder, _FEW)
            server.set()
            naive = told(finder, given.find_keys, few, found_by(finder, given.find_keys))
            for name, cpu in taken.items():
                checks.check(naive / cpu >= _TIMES, f"{finder} takes {naive / cpu:.1f} times the CPU a key of {name}")
    checks.end()


if __name__ == "__main__":
    main()
