"""A source of 1,000,000 columns synced to a warehouse that takes 0.2 s a statement, with and without a volume.

`python bench/sync_million.py` prints a table; it fails when the rows are not equal on both sides, when it
takes 60 statements or more, when memory passes 500 MB, or when progress stood still.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.house import House
from core.settings import load_settings
from tests.mirror.catalogs import commit_catalog
from tests.servers.warehouse import Warehouse

TABLES = 10_000
COLUMNS = 100
STATEMENT_S = 0.2
MOST_STATEMENTS = 60
MOST_MB = 500
_CLIENT = """
import re, sys
from pathlib import Path
from core.cli.root import run
status = run(["sync", "--json"])
# Not getrusage: its peak begins with that of the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print("peak", int(peak) // 1024, file=sys.stderr)
raise SystemExit(status)
"""
_WATCHED = """
import sys, threading, time
from core.databricks.sync import Sync
seen, plain = [], Sync.run
def watched(self, plan=None):
    ended = threading.Event()
    def look():
        while not ended.wait(0.05):
            if not seen or seen[-1][1] != self.progress.rows_sent:
                seen.append((time.monotonic(), self.progress.rows_sent))
    threading.Thread(target=look, daemon=True).start()
    try:
        return plain(self, plan)
    finally:
        ended.set()
        print("looks", len(seen), file=sys.stderr)
Sync.run = watched
"""


def sync(home: Path, warehouse: Warehouse, **more: str) -> dict[str, float]:
    """Sync in a process of its own; returns what it cost."""
    warehouse.clear()
    warehouse.slow_s = STATEMENT_S
    began = time.perf_counter()
    environ = os.environ | warehouse.environ(NUVYN_HOME=str(home), **more)
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED + _CLIENT], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    warehouse.slow_s = 0.0
    count = "SELECT count(*) AS n FROM hive_metastore._executor_metadata."
    assert warehouse.engine.sql(count + "columns") == [(TABLES * COLUMNS,)]
    assert warehouse.engine.sql(count + "tables") == warehouse.engine.sql(count + "files") == [(TABLES,)]
    told = dict(re.findall(r"(looks|peak) (\d+)", done.stderr))
    return {
        "statements": found["statements"],
        "rows": found["rows"],
        "seconds": time.perf_counter() - began,
        "peak MB": int(told["peak"]),
        "changes of progress": int(told["looks"]),
    }


def main() -> None:
    """Make the mirror and measure."""
    with tempfile.TemporaryDirectory() as folder:
        home, warehouse = Path(folder) / "home", Warehouse(Path(folder) / "volumes")
        with House(load_settings(home=str(home), environ={})) as house:
            names = [f"column_{number}" for number in range(COLUMNS)]
            commit_catalog(house.mirror, house.settings.runs, "w", "s", {f"table_{n:05}": names for n in range(TABLES)})
        found = {
            "in statements": sync(home, warehouse),
            "through a volume": sync(home, warehouse, NUVYN_DATABRICKS_VOLUME=warehouse.engine.volume),
        }
        warehouse.close()
    for name, costs in found.items():
        print(f"{name:18}", "  ".join(f"{what} {cost:,.0f}" for what, cost in costs.items()))
        assert costs["statements"] < MOST_STATEMENTS and costs["peak MB"] < MOST_MB
        assert costs["changes of progress"] >= 3


if __name__ == "__main__":
    main()
