"""Many jobs at once while the server fails: 500 jobs of three sources each, eight workers, every twentieth request.

`python bench/storm.py` runs one job without faults, then queues the jobs from four processes and has eight workers run
them against a server that answers one request in twenty with a 503, by breaking the connection, or late and then not at
all. Fails when a job does not end well, a source's objects do not add up, or any workflow's rows differ from those of
the job without faults.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import Checks, nuvyn
from object_server import Server

CONTAINERS = ("lake-12-3", "lake-10-2", "keys-30-3")
_TABLES = ("sources", "tables", "columns", "files", "schema_changes")
_OF_A_RUN = "workflow_id, job_id, extraction_timestamp, duration_s, detected_at"


def main() -> None:
    """Run, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--front-ends", type=int, default=4)
    parser.add_argument("--share", type=float, default=0.05, help="of requests that fail")
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        home = Path(folder) / "home"
        environ = {**os.environ, **server.environ(), "NUVYN_HOME": str(home)}
        environ["NUVYN_RETRIES"] = "8"
        for container in CONTAINERS:
            server.prepare(container)
        server.set(latency_ms=2)
        _run(["run", _payload(Path(folder), "calm"), "--json"], environ)
        server.set(latency_ms=2, fail_share=given.share)
        began = time.monotonic()
        numbers = [range(at, given.jobs, given.front_ends) for at in range(given.front_ends)]
        fronts = [_front_end(Path(folder), at, each, environ) for at, each in enumerate(numbers)]
        workers = [
            subprocess.Popen(nuvyn("worker", "--idle", "10"), env=environ, stderr=subprocess.DEVNULL)
            for _ in range(given.workers)
        ]
        for process in (*fronts, *workers):
            process.wait()
        took = time.monotonic() - began
        failed = server.stats()["refused"]
        _check(home, given.jobs, failed, took, checks)
    checks.end()


def _payload(folder: Path, workflow: str) -> str:
    sources = [{"source_id": name, "data_source_path": f"s3://{name}"} for name in CONTAINERS]
    path = folder / f"{workflow}.json"
    path.write_text(json.dumps({"workflow_id": workflow, "sources": sources}))
    return str(path)


def _front_end(folder: Path, at: int, numbers: range, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process that queues jobs, one after the other."""
    paths = [_payload(folder, f"w{number}") for number in numbers]
    script = (
        "import sys\nfrom core.cli.context import House\nfrom core.settings import load_settings\n"
        "from core.jobs.requests import create\nfrom core.payload.load import parse\n"
        "with House(load_settings()) as house:\n"
        "    for path in sys.argv[1:]:\n"
        "        create(house.store, parse(open(path).read(), defaults=house.settings.options).job)\n"
    )
    return subprocess.Popen([sys.executable, "-c", script, *paths], env=environ)


def _run(arguments: list[str], environ: dict[str, str]) -> None:
    done = subprocess.run(nuvyn(*arguments), env=environ, capture_output=True, text=True)
    if done.returncode:
        sys.exit(
            f"nuvyn {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )


def _check(home: Path, jobs: int, failed: int, took: float, checks: Checks) -> None:
    with contextlib.closing(sqlite3.connect(home / "jobs.sqlite")) as store:
        states = dict(store.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        results = [json.loads(text) for (text,) in store.execute("SELECT result FROM sources")]
        attempts = store.execute("SELECT sum(attempts) FROM sources").fetchone()[0]
    print(f"{jobs} jobs, {len(results)} sources in {took:.0f} s; {failed:,} requests failed, {attempts:,} attempts")
    checks.check(states == {"completed": jobs + 1}, f"jobs by state: {states}")
    odd = [each for each in results if each["metadata"]["listed"] != sum(each["metadata"]["counts"].values())]
    checks.check(not odd, f"{len(results)} sources whose objects add up, {len(odd)} whose do not")
    unread = sum(each["metadata"]["counts"]["failed"] for each in results)
    checks.check(unread == 0, f"{unread} files failed")
    left = [path.name for path in home.iterdir() if ".next-" in path.name or ".spill-" in path.name]
    left += [path.name for path in (home / "runs").iterdir()]
    checks.check(not left, f"{len(left)} folders left")
    _check_rows(home, jobs, checks)


def _check_rows(home: Path, jobs: int, checks: Checks) -> None:
    import duckdb

    with duckdb.connect(":memory:") as mirror:
        mirror.execute(f"ATTACH '{home / 'mirror.duckdb'}' AS hive_metastore (READ_ONLY)")

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return mirror.execute(sql).fetchall()

        for table in _TABLES:
            place = f"hive_metastore._executor_metadata.{table}"
            names = [name for name, *_ in ask(f"DESCRIBE {place}") if name not in _OF_A_RUN.split(", ")]
            of = f"SELECT workflow_id, count(*), bit_xor(hash(({', '.join(names)}))) FROM {place} GROUP BY workflow_id"
            found = {workflow: rest for workflow, *rest in ask(of)}
            same = sum(rest == found.get("calm") for rest in found.values())
            expected = jobs + 1 if "calm" in found else 0
            checks.check(same == len(found) == expected, f"{table}: {same} of {expected} workflows have the same rows")
        runs = ask(
            "SELECT count(*), count(DISTINCT (workflow_id, source_id)) FROM hive_metastore._executor_metadata."
            "executor_runs WHERE status = 'success'"
        )
        checks.check(runs == [((jobs + 1) * 3, (jobs + 1) * 3)], f"good runs, and sources they are of: {runs[0]}")


if __name__ == "__main__":
    main()
