"""The `nuvyn` command as tests call it: a process of its own, with a home folder of its own."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.objects import Bucket

ROOT = Path(__file__).resolve().parent.parent
_CLOUD = ("AZURE_", "AWS_", "NUVYN_", "DATABRICKS_", "ARM_", "EXECUTOR_")


@dataclass(frozen=True)
class Ran:
    """What a command ended with."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def last_json(self) -> Any:
        return json.loads(self.out.strip().splitlines()[-1])


class Forks:
    """The process of `crash/forks.py`: it has imported everything, and forks for each command."""

    def __init__(self) -> None:
        environ = Nuvyn(Path(os.devnull)).environ() | {"PYTHONPATH": str(ROOT)}
        environ.pop("NUVYN_HOME")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
            cwd=ROOT,
        )

    def __call__(self, **wanted: Any) -> int:
        """Run a command; see `crash/forks.py`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the forking process is gone"
        return int(json.loads(line))

    def close(self) -> None:
        self._process.communicate(timeout=10)


_of_thread = threading.local()


def _forks() -> Forks:
    """This thread's, for as long as this process lives."""
    found: Forks | None = getattr(_of_thread, "forks", None)
    if found is None:
        found = _of_thread.forks = Forks()
        atexit.register(found.close)
    return found


class Nuvyn:
    """Runs `nuvyn` on one home folder; only the given cloud variables are in its environment."""

    def __init__(self, home: Path, cloud: dict[str, str] | None = None) -> None:
        self.home = home
        self._cloud = cloud or {}

    def environ(self, env: dict[str, str] | None = None) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_CLOUD)}
        quiet = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "HOME": str(self.home)}
        return (
            kept
            | quiet
            | {"NUVYN_HOME": str(self.home), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error::UserWarning"}
            | (self._cloud if env is None else env)
        )

    def __call__(
        self, *arguments: str, env: dict[str, str] | None = None, stdin: str = "", cwd: Path | None = None
    ) -> Ran:
        with tempfile.TemporaryDirectory(prefix="nuvyn-said-") as name:
            said = Path(name)
            (said / "in").write_text(stdin)
            code = _forks()(
                argv=arguments,
                environ=self.environ(env),
                bare=True,
                cwd=str(cwd or self.home),
                out=str(said / "out"),
                err=str(said / "err"),
                **{"in": str(said / "in")},
            )
            return Ran(code, (said / "out").read_text(), (said / "err").read_text())

    def alone(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        """As it is started in earnest: a process from its start to the end of its interpreter."""
        done = subprocess.run(
            [sys.executable, "-m", "core.cli.main", *arguments],
            capture_output=True,
            text=True,
            env=self.environ(env),
            cwd=self.home,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "core.cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environ(env),
            cwd=self.home,
        )

    def payload(
        self, sources: Mapping[str, str | dict[str, Any]], workflow: str = "w", name: str = "payload.json", **job: Any
    ) -> str:
        """Write a payload of sources (id -> path, or all that the entry says) and return its file's name."""
        listed = [
            {"source_id": k} | (v if isinstance(v, dict) else {"data_source_path": v}) for k, v in sources.items()
        ]
        path = self.home / name
        path.write_text(json.dumps({"workflow_id": workflow, "sources": listed} | job))
        return str(path)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        ran = self("query", sql, "--json")
        assert ran.code == 0, ran.err
        found: list[dict[str, Any]] = ran.json()
        return found


def place(bucket: Bucket) -> str:
    """The path of a bucket of the counting server."""
    return f"s3://{bucket.name}"
