"""A `nuvyn web` process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.command import Nuvyn
from tests.servers.api import Api


@dataclass
class Web:
    """Serves one home folder until it is closed."""

    nuvyn: Nuvyn
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    url: str = ""

    def __enter__(self) -> Web:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nuvyn_tui.main", "web", "--port", "0", *self.arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=self.nuvyn.environ(dict(self.env)),
            cwd=self.nuvyn.home,
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert line.startswith("open http"), line + self.process.stderr.read()
        self.url = line.split()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.errors = self.process.communicate(timeout=20)[1]
        Api(self.nuvyn).kill_workers(besides=self.process.pid)

    def windows(self) -> list[int]:
        """The process ids of the apps that it runs."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        below = [Path(f"/proc/{pid}/task/{pid}/children").read_text().split() for pid in found]
        return [int(pid) for pid in [*found, *(inner for pids in below for inner in pids)]]
