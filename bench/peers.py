"""nuvyn beside others on one lake: 2,000 Parquet files in 20 tables, 20 ms to each answer.

`python bench/peers.py` runs, in turn and `--rounds` times over, nuvyn from its start to its end, all rows in
the mirror, and each peer of `readers.py`; then nuvyn and a bare loop of obstore's on more files. Each also
reads a file a table: what that takes is a program's start, and taken off for the figures "a file". Fails when a
peer is ahead, or the ratios are less than promised. `--peers-python` is another Python for the peers, when what
they need is not installed in this one (`pip install -r bench/peers.txt`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import lake
from measure import HERE, Checks, Took, nuvyn, rounds, run
from object_server import Server
from readers import PEERS

TABLES = 20
_AZURE = ("adlfs", "nuvyn-azure")
_ALONE = {"s3fs": "nuvyn-fsspec", "adlfs": "nuvyn-azure-fsspec"}
_LEAST_FILES_S = 500
_CPU_TIMES, _WALL_TIMES, _BARE_TIMES, _ALONE_TIMES = 10, 40, 1.6, 1.5


@dataclass(frozen=True)
class Figures:
    """Seconds from start to end, and microseconds of wall and of CPU a file once started."""

    whole_s: float
    wall_us: float
    cpu_us: float


class Race:
    """Programs that all read one lake."""

    def __init__(self, server: Server, folder: Path, python: str) -> None:
        self._server, self._folder, self._python = server, folder, python

    def nuvyn(self, container: str, scheme: str, command: list[str]) -> Took:
        """nuvyn, with nothing remembered."""
        home = self._folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        payload = self._folder / "payload.json"
        source = {"source_id": "lake", "data_source_path": f"{scheme}://{container}/"}
        payload.write_text(json.dumps({"workflow_id": "bench", "sources": [source]}))
        took = run([*command, "run", str(payload), "--json"], self._server.environ() | {"NUVYN_HOME": str(home)})
        sql = "SELECT sum(file_count)::BIGINT AS files, sum(row_count)::BIGINT AS rows FROM tables"
        told = run(nuvyn("query", sql, "--json"), {"NUVYN_HOME": str(home)})
        [found] = json.loads(told.printed)
        return Took(took.wall_s, took.cpu_s, took.peak_mb, f"{found['files']} {found['rows']}", took.told)

    def peer(self, name: str, container: str) -> Took:
        """One of the others."""
        return run([self._python, str(HERE / "readers.py"), name, container], self._server.environ())

    def run(self, name: str, container: str) -> Took:
        """A program by its name."""
        if name.startswith("nuvyn"):
            alone = [sys.executable, str(HERE / "without_obstore.py")]
            command = alone if name.endswith("fsspec") else nuvyn()
            return self.nuvyn(container, "az" if "azure" in name else "s3", command)
        return self.peer(name, container)


def main() -> None:
    """Measure, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--more-files", type=int, default=20_000, help="for nuvyn and obstore alone")
    parser.add_argument("--latency-ms", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--peers", nargs="*", default=[name for name in PEERS if name != "obstore"], choices=PEERS)
    given = parser.parse_args()
    checks = Checks()
    print(f"{'':14} {'files':>7} {'wall':>9} {'files/s':>8} {'CPU':>8} {'peak':>8}   a file: {'wall':>10} {'CPU':>10}")
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        race = Race(server, Path(folder), given.peers_python)

        def compare(names: list[str], files: int) -> dict[str, Figures]:
            """What each took."""
            few, many = f"lake-{TABLES}-{TABLES}", f"lake-{files}-{TABLES}"
            server.prepare(few)
            server.prepare(many)
            server.set(latency_ms=given.latency_ms)
            start = {name: race.run(name, few) for name in names}
            found = rounds(given.rounds, {name: (lambda name=name: race.run(name, many)) for name in names})
            rows = lake.rows(files, TABLES)
            result = {}
            for name, took in found.items():
                began, more = start[name], (files - TABLES) / 1e6
                wall, cpu = (took.wall_s - began.wall_s) / more, (took.cpu_s - began.cpu_s) / more
                result[name] = Figures(took.wall_s, wall, cpu)
                print(
                    f"{name:14} {files:7,} {took.wall_s:7.2f} s {files / took.wall_s:8,.0f} {took.cpu_s:6.2f} s"
                    f" {took.peak_mb:5.0f} MB           {wall:7,.0f} us {cpu:7,.0f} us",
                    flush=True,
                )
                told = took.printed.split()
                if name != "obstore" and told != [str(files), str(rows)]:
                    checks.check(False, f"{name} found {told} and not {files} files with {rows} rows")
            return result

        found = compare(["nuvyn", "nuvyn-azure", *_ALONE.values(), *given.peers], given.files)
        more = compare(["nuvyn", "obstore"], given.more_files)
    for name in given.peers:
        ours = found["nuvyn-azure" if name in _AZURE else "nuvyn"]
        theirs = found[name]
        ahead = theirs.whole_s / ours.whole_s
        checks.check(ahead > 1, f"{name} takes {ahead:.1f} times as long, from start to end")
        if name in ("s3fs", "adlfs"):
            wall = theirs.wall_us / ours.wall_us
            checks.check(wall >= _WALL_TIMES, f"{name} takes at least {_WALL_TIMES} times as long a file: {wall:.1f}")
            cpu = theirs.cpu_us / ours.cpu_us
            checks.check(cpu >= _CPU_TIMES, f"{name} takes at least {_CPU_TIMES} times the CPU a file: {cpu:.1f}")
            alone = theirs.cpu_us / found[_ALONE[name]].cpu_us
            checks.check(
                alone >= _ALONE_TIMES, f"without obstore, {name} takes {_ALONE_TIMES} times the CPU a file: {alone:.1f}"
            )
    for name in ("nuvyn", "nuvyn-azure"):
        speed = given.files / found[name].whole_s
        checks.check(speed >= _LEAST_FILES_S, f"{name}: {speed:,.0f} files/s from start to end")
    times = more["nuvyn"].cpu_us / more["obstore"].cpu_us
    checks.check(times <= _BARE_TIMES, f"CPU a file, all that nuvyn does / a bare loop of obstore's: {times:.2f}")
    checks.end()


if __name__ == "__main__":
    main()
