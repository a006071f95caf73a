"""Twenty thousand small files: memory within bounds, progress every second."""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path

from tests.command import ROOT, Nuvyn

COUNT = 20_000
MEASURE = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "core.cli.main", *sys.argv[1:]])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(done.returncode)
"""


def test_memory_and_progress(nuvyn: Nuvyn, tmp_path: Path) -> None:
    import subprocess

    for n in range(COUNT):
        folder = tmp_path / f"lake/t{n % 40}"
        if n < 40:
            folder.mkdir(parents=True)
        (folder / f"f_{n}.csv").write_text(f"id,name\n{n},a\n")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, "run", nuvyn.payload({"lake": str(tmp_path / "lake")}), "--json"],
        capture_output=True,
        text=True,
        env=nuvyn.environ(),
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    peak_kb = int(re.search(r"peak (\d+)", done.stderr)[1])  # type: ignore[index]
    assert peak_kb < 300 * 1024
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["result_data"]["sources"][0]["metadata"]["counts"]["read"] == COUNT
    told = [line for line in lines[:-1] if line["event"] == "progress"]
    # A line a second, give or take: each tells more than the one before.
    assert len(told) >= int(lines[-1]["execution_time"]) - 1
    assert all(a != b and a["done"] + a["listed"] <= b["done"] + b["listed"] for a, b in itertools.pairwise(told))
