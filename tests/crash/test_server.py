"""A server killed while it answers: the caller asks again, and what was asked for is done once."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import Forks
from tests.crash.homes import Scenario


@pytest.fixture
def forks() -> Iterator[Forks]:
    found = Forks()
    yield found
    found.close()


class Served:
    """A home that is served, in a process that may be killed at a moment."""

    def __init__(self, scenario: Scenario, home: Path, die: tuple[str, int] | None = None) -> None:
        self._scenario = scenario
        argv = ("serve", "--port", "0", "--json", "--root", str(scenario.folder / "lake"))
        out = scenario.folder / f"{home.name}.out"
        out.unlink(missing_ok=True)
        self.pid = scenario.run(home, argv, stay=True, die=die)
        deadline = time.monotonic() + 30
        while not out.exists() or "\n" not in out.read_text():
            assert time.monotonic() < deadline, "it does not serve"
            time.sleep(0.01)
        self._port = int(json.loads(out.read_text().splitlines()[0])["url"].rpartition(":")[2])

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any] | None:
        """Status and JSON of an answer; None when none came."""
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
                headers = {"Content-Type": "application/json", "Idempotency-Key": "the-key"}
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                reply = connection.getresponse()
                return reply.status, json.loads(reply.read())
        except (http.client.HTTPException, OSError):
            return None

    def end(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sign)
        return self._scenario.forks(wait=self.pid)


@pytest.fixture
def scenario(forks: Forks, tmp_path: Path) -> Scenario:
    """A home where a worker elsewhere spares the server to start one."""
    found = Scenario("serve", forks, tmp_path, sources=("old", "late"), queued=False)
    with contextlib.closing(sqlite3.connect(found.template / "jobs.sqlite")) as store, store:
        store.execute("INSERT INTO workers VALUES ('elsewhere:1:0', 0, 9e9)")
    return found


@pytest.mark.parametrize("moment", ["asked", "written", "committed"])
@pytest.mark.parametrize("call", ["create", "requeue", "request_cancel"])
def test_what_is_asked_for_is_done_once(scenario: Scenario, call: str, moment: str) -> None:
    home = scenario.copy("served")
    payload = json.loads((home / "payload.json").read_text())
    asked: tuple[str, str, Any] = ("POST", "/jobs/create", payload)
    if call != "create":
        server = Served(scenario, home)
        answered = server(*asked)
        assert answered is not None and answered[0] == 200, answered
        asked = ("DELETE", f"/jobs/{answered[1]['job_id']}/cancel", None)
        if call == "requeue":
            assert server(*asked) is not None
            asked = ("POST", asked[1].replace("/cancel", "/retry"), None)
        server.end()

    server = Served(scenario, home, die=(f"store, {call}: {moment}", 1))
    assert server(*asked) is None, "it answered before it was done"
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    server = Served(scenario, home)
    answered = server(*asked)
    assert answered is not None
    # What was done already cannot be done again, and the caller is told why.
    assert answered[0] == 200 or (answered[0] == 409 and moment == "committed" and call != "create"), answered
    assert server.end() in (0, -signal.SIGTERM)
    assert scenario.run(home, ("worker", "--once")) == 0, scenario.told(home)

    now = scenario.look(home)
    ended = "cancelled" if call == "request_cancel" else "completed"
    assert [found["state"] for found in now["jobs"]] == ["completed", ended]
    assert now["left"] == []
