"""What is printed arrives as a whole, however slowly it is read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import Nuvyn

_SLOW = "import sys, time; time.sleep(1.5); sys.stdout.write(sys.stdin.read())"


@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_a_long_answer_arrives_where_it_is_read_late(tmp_path: Path, unbuffered: str) -> None:
    nuvyn = Nuvyn(tmp_path)
    for at in range(1_000):
        path = tmp_path / "lake" / f"folder {at}" / "a.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"column{at}\n1\n")
    payload = nuvyn.payload({"a": str(tmp_path / "lake")})
    environ = nuvyn.environ() | {"PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-m", "core.cli.main", "run", payload, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as writer:
        read = subprocess.run([sys.executable, "-c", _SLOW], stdin=writer.stdout, capture_output=True, timeout=60)
    assert writer.returncode == 0
    answer = json.loads(read.stdout.splitlines()[-1])
    assert len(read.stdout) > 200_000 and answer["status"] == "completed"
