"""Files made to break what reads them: an answer, within bounds of memory and of CPU time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.command import ROOT, Nuvyn
from tests.hostile.files import FILES, deep_delta, deep_iceberg

MOST_MEMORY = 700 << 20
"""Of the process itself, its libraries included; a child that reads a workbook has a limit of its own, 2 GB."""
MOST_CPU_S = 20.0
_MEASURED = """
import json, resource, sys
from core.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    code = end.code
used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(each.ru_utime + each.ru_stime for each in used)
# Not `ru_maxrss`, which also has what the process was before it became this program.
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([code, int(peak) << 10, cpu]), file=sys.stderr)
"""


def measured(nuvyn: Nuvyn, *arguments: str) -> tuple[int, str, str, int, float]:
    """A command's exit status, what it printed and told, its peak of memory in bytes and seconds of CPU."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments],
        capture_output=True,
        text=True,
        env=nuvyn.environ() | {"MALLOC_ARENA_MAX": "1"},
        cwd=ROOT,
        timeout=120,
    )
    *told, last = done.stderr.strip().splitlines()
    code, memory, cpu = json.loads(last)
    return code, done.stdout, "\n".join(told), memory, cpu


def inspected(home: Path, path: Path) -> dict[str, Any]:
    """What `nuvyn inspect` says of a path, once it has kept within the bounds."""
    code, out, told, memory, cpu = measured(Nuvyn(home), "inspect", str(path), "--json")
    assert code == 0, told
    assert memory < MOST_MEMORY, f"{memory >> 20} MB"
    assert cpu < MOST_CPU_S, f"{cpu:.1f} s"
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_file_keeps_within_bounds_and_costs_nobody_else(tmp_path: Path, name: str) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / name).write_bytes(FILES[name]())
    (lake / "good.csv").write_text("id,name\n1,a\n")
    found = inspected(tmp_path, lake)
    counts = found["counts"]
    assert sum(counts.values()) == found["listed"] == 2
    assert [table["row_count"] for table in found["tables"] if table["table_name"].endswith("good")] == [1]


@pytest.mark.parametrize("objects", [deep_delta(), deep_iceberg()], ids=["delta", "iceberg"])
def test_a_log_keeps_within_bounds(tmp_path: Path, objects: Mapping[str, bytes]) -> None:
    for key, data in objects.items():
        path = tmp_path / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "lake" / "good.csv").write_text("id,name\n1,a\n")
    found = inspected(tmp_path, tmp_path / "lake")
    assert sum(found["counts"].values()) == found["listed"] == len(objects) + 1
    assert found["counts"]["failed"] == 1
