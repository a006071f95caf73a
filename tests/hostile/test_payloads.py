"""Payloads and paths made to break what reads them: an answer, short, within bounds of memory and of CPU time."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from core.payload.load import check
from tests.command import ROOT
from tests.hostile.payloads import PAYLOADS

MOST_CPU_S = 10.0
MOST_MEMORY_MB = 400
MOST_TOLD = 200_000


@pytest.fixture(scope="module")
def checked() -> dict[str, tuple[float, int, int, list[str]]]:
    """What each took: seconds of CPU, MB of memory so far, characters of messages, and the first of these."""
    command = [sys.executable, "-m", "tests.hostile.payloads"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        name, *took = json.loads(line)
        found[name] = took
    return found


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_keeps_within_bounds(checked: dict[str, tuple[float, int, int, list[str]]], name: str) -> None:
    cpu_s, memory_mb, told, messages = checked[name]
    assert cpu_s < MOST_CPU_S
    assert memory_mb < MOST_MEMORY_MB
    assert told < MOST_TOLD
    assert all(len(message) < 1_000 for message in messages)


def test_no_more_than_a_thousand_problems_are_told_and_none_is_let_pass() -> None:
    given = {"workflow_id": "w", "sources": [{"source_id": "a", "data_source_path": "/x"}]}
    found = check(given | {f"x{at}": 1 for at in range(5_000)})
    assert found.job is not None and len(found.problems) == 1_001
    assert found.problems[-1].message.startswith("more than 1,000")
    found = check({f"x{at}": 1 for at in range(5_000)} | {"sources": [1]})
    assert found.job is None and found.errors
