"""Colours on a terminal, and none where NO_COLOR says so."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT, Nuvyn


@pytest.mark.parametrize(("variable", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colours(tmp_path: Path, variable: dict[str, str], coloured: bool) -> None:
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in Nuvyn(tmp_path).environ().items() if name != "NO_COLOR"}
    done = subprocess.run(
        [sys.executable, "-m", "core.cli.main", "doctor", "--offline"],
        stdin=theirs,
        stdout=theirs,
        env=environ | {"TERM": "xterm-256color"} | variable,
        cwd=ROOT,
        timeout=60,
    )
    os.close(theirs)
    said = b""
    try:
        while more := os.read(ours, 65536):
            said += more
    except OSError:  # Linux says so at the end
        pass
    os.close(ours)
    assert done.returncode == 0 and b"job store" in said
    assert (b"\x1b[" in said) == coloured
