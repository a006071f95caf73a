"""Nothing is asked of anyone but whom the payload names: no telemetry, ours or a library's, no look for updates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT, Nuvyn
from tests.crash.disks import apart, can_mount


@pytest.mark.skipif(not can_mount(), reason="only where a network of one's own can be made")
def test_only_what_is_named_is_reached(tmp_path: Path) -> None:
    environ = Nuvyn(Path(os.devnull)).environ() | {"HOME": str(tmp_path)}
    environ.pop("NUVYN_HOME")
    done = subprocess.run(
        [*apart(), "-n", sys.executable, "-m", "tests.e2e.nowhere", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    *steps, control = [json.loads(line) for line in done.stdout.splitlines()]
    assert [lost for _, lost in steps] == [0] * len(steps), steps
    assert control[1] == 1, "what counts them does not"
