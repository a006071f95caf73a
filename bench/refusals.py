"""A server that refuses: every fifth answer a 503, and one that throttles above 20 requests in flight.

`python bench/refusals.py` reads a lake of `--files` files with 20 ms to each answer, calm and then so, with
obstore and without it. Fails when a file is missing, a run takes over three times the calm one, or as many
requests are in flight as when calm.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import lake
from measure import HERE, Checks, nuvyn, run
from object_server import Server

TABLES = 50
LATENCY_MS = 20
THROTTLED_ABOVE = 20
_TIMES = 3


def main() -> None:
    """Measure, print, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    given = parser.parse_args()
    checks = Checks()
    name = f"lake-{given.files}-{TABLES}"
    ways = {
        "calm": {},
        "every fifth refused": {"refuse_every": 5},
        f"throttled above {THROTTLED_ABOVE}": {"most_in_flight": THROTTLED_ABOVE},
    }
    print(f"{'':36} {'wall':>8} {'GET':>7} {'refused':>8} {'in flight':>10}")
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        server.prepare(name)
        payload = Path(folder) / "payload.json"
        source = {"source_id": "lake", "data_source_path": f"s3://{name}/"}
        payload.write_text(json.dumps({"workflow_id": "bench", "sources": [source]}))
        for driver, command in (("obstore", nuvyn()), ("fsspec", [sys.executable, str(HERE / "without_obstore.py")])):
            calm_s = calm_in_flight = 0.0
            for way, how in ways.items():
                home = Path(folder) / f"{driver}-{way}"
                server.set(latency_ms=LATENCY_MS, **how)
                environ = server.environ() | {"NUVYN_HOME": str(home)}
                took = run([*command, "run", str(payload), "--json"], environ)
                found = server.stats()
                print(
                    f"{driver:8} {way:27} {took.wall_s:6.1f} s {found['GET']:7,} {found['refused']:8,}"
                    f" {found['mean_in_flight']:10.1f}",
                    flush=True,
                )
                sql = "SELECT sum(file_count)::BIGINT AS files, sum(row_count)::BIGINT AS rows FROM tables"
                [held] = json.loads(run(nuvyn("query", sql, "--json"), environ).printed)
                whole = {"files": given.files, "rows": lake.rows(given.files, TABLES)}
                checks.check(held == whole, f"{held['files']:,} files with {held['rows']:,} rows in the mirror")
                if way == "calm":
                    calm_s, calm_in_flight = took.wall_s, found["mean_in_flight"]
                    continue
                checks.check(took.wall_s <= _TIMES * calm_s, f"{took.wall_s / calm_s:.1f} times the calm time")
                # What its own CPU holds back further has no need to ask for less.
                if calm_in_flight > THROTTLED_ABOVE:
                    checks.check(
                        found["mean_in_flight"] < calm_in_flight,
                        f"{found['mean_in_flight']:.1f} requests in flight on average, {calm_in_flight:.1f} when calm",
                    )
    checks.end()


if __name__ == "__main__":
    main()
