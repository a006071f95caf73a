"""What the OpenAPI document says is what the server does: generated calls, good and bad ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.command import Nuvyn
from tests.servers.api import Api

EXAMPLES = 5
"""A call; `-n 80` are more than 2,000 cases."""


def test_no_generated_call_is_answered_otherwise_than_documented(tmp_path: Path, opened: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--config-file",
        str(Path(__file__).parent / "schemathesis.toml"),
        "run",
        "--max-examples",
        str(EXAMPLES),
        "--generation-database",
        "none",
        "--request-timeout",
        "60",
        "--no-color",
    ]
    with Api(Nuvyn(tmp_path), ("--root", str(opened))) as api:
        done = subprocess.run(
            [*command, f"{api.url}/openapi.json"], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
