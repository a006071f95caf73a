"""A `nuvyn serve` process, and calls to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.command import Nuvyn

TIMEOUT_S = 60


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Event:
    """One server-sent event; `name` is empty for a comment."""

    name: str
    data: dict[str, Any]
    id: int | None = None


@dataclass
class Api:
    """Serves one home folder until it is closed; the workers it started are then killed."""

    nuvyn: Nuvyn
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    url: str = ""

    def __enter__(self) -> Api:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.errors = self.process.communicate(timeout=20)[1]
        self.kill_workers(besides=self.process.pid)

    def start(self) -> None:
        env = {"NUVYN_RETRIES": "0"} | ({"NUVYN_API_TOKEN": self.token} if self.token else {}) | dict(self.env)
        self.process = self.nuvyn.start("serve", "--port", "0", "--json", *self.arguments, env=env)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.url = json.loads(line)["url"]

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.communicate()

    def workers(self, *, besides: int = 0) -> list[int]:
        """The process ids of the workers that live."""
        with contextlib.closing(sqlite3.connect(self.nuvyn.home / "jobs.sqlite")) as store:
            owners = [owner for (owner,) in store.execute("SELECT owner FROM workers")]
        found = {int(owner.rsplit(":", 2)[1]) for owner in owners}
        return [pid for pid in found - {os.getpid(), besides} if Path(f"/proc/{pid}").exists()]

    def kill_workers(self, *, besides: int = 0) -> None:
        with contextlib.suppress(sqlite3.OperationalError):
            for pid in self.workers(besides=besides):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    @contextlib.contextmanager
    def no_worker(self) -> Iterator[None]:
        """Nothing is run meanwhile: a worker of another machine is said to live, and takes no jobs."""
        self.change("INSERT INTO workers VALUES ('elsewhere:1:x', 0, 1e12)")
        yield
        self.change("DELETE FROM workers WHERE owner = 'elsewhere:1:x'")

    def change(self, sql: str) -> None:
        """Write to the job store behind the server's back."""
        with contextlib.closing(sqlite3.connect(self.nuvyn.home / "jobs.sqlite", timeout=30)) as store, store:
            store.execute(sql)

    def connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        assert parts.hostname and parts.port
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)

    def __call__(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Reply:
        """One call on a connection of its own; a body that is not bytes goes as JSON."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), sent | {"Content-Type": "application/json"}
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, sent | dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())

    def get(self, path: str) -> Any:
        """The JSON that a call answers; it must be well."""
        reply = self("GET", path)
        assert reply.status == 200, reply.body
        return reply.json()

    def create(self, sources: Mapping[str, str], workflow: str = "w", **job: Any) -> str:
        """Make a job of sources (id -> path); returns its id."""
        listed = [{"source_id": name, "data_source_path": path} for name, path in sources.items()]
        reply = self("POST", "/jobs/create", {"workflow_id": workflow, "sources": listed} | job)
        assert reply.status == 200, reply.body
        made: str = reply.json()["job_id"]
        return made

    def execute(self, job_id: str) -> Any:
        """Wait for a job's end; returns its answer."""
        reply = self("POST", f"/jobs/{job_id}/execute")
        assert reply.status == 200, reply.body
        return reply.json()

    def events(self, job_id: str, after: int | None = None) -> Iterator[Event]:
        """A job's events, until the server closes the line."""
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", f"/jobs/{job_id}/events", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            fields: dict[str, str] = {}
            for raw in answer:
                line = raw.decode().rstrip("\n")
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    number = int(fields["id"]) if "id" in fields else None
                    yield Event(fields["event"], json.loads(fields["data"]), number)
                    fields = {}


def output_of(process: subprocess.Popen[str]) -> str:
    """What a process that has ended wrote to standard error."""
    return process.communicate(timeout=20)[1]
