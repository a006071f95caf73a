"""Who is let in: by token, or from this machine alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.api.gate import Gate
from core.secrets import register
from tests.command import ROOT, Nuvyn
from tests.servers.api import Api

TOKEN = "canary-token-2f9c81d4"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_without_a_token_it_listens_to_this_machine_only(tmp_path: Path, host: str) -> None:
    ran = Nuvyn(tmp_path)("serve", "--host", host, "--port", "0")
    assert ran.code == 2
    assert "no token to keep them out" in ran.err and "NUVYN_API_TOKEN" in ran.err


def test_a_token_that_anyone_could_guess_is_none(tmp_path: Path) -> None:
    ran = Nuvyn(tmp_path)("serve", "--port", "0", env={"NUVYN_API_TOKEN": "secret"})
    assert (
        ran.code == 2
        and "shorter than 16" in ran.err
        and "secret" not in ran.err.replace("import secrets; print(secrets", "")
    )


def test_a_port_that_is_taken(api: Api, tmp_path: Path) -> None:
    ran = Nuvyn(tmp_path)("serve", "--port", api.url.rpartition(":")[2])
    assert ran.code == 2 and "in use" in ran.err and "--port" in ran.err


def test_calls_need_the_token_and_it_is_written_nowhere(tmp_path: Path) -> None:
    nuvyn = Nuvyn(tmp_path)
    with Api(nuvyn, ("--host", "0.0.0.0"), token=TOKEN) as api:
        for path in ("/jobs", "/metrics", "/info"):
            for header in (
                {},
                {"Authorization": "Bearer "},
                {"Authorization": f"Bearer {TOKEN}x"},
                {"Authorization": TOKEN},
            ):
                with_header = {"Authorization": "", **header}
                reply = api("GET", path, headers=with_header)
                assert reply.status == 401, (path, header)
                assert reply.headers["www-authenticate"] == "Bearer" and reply.json()["status"] == "error"
        assert api("GET", "/jobs").status == 200
        assert api("GET", "/jobs", headers={"Host": "nuvyn.example"}).status == 200
        for path in ("/health", "/docs", "/openapi.json", "/docs/files/swagger-ui.css"):
            assert api("GET", path, headers={"Authorization": ""}).status == 200, path
    assert TOKEN not in api.errors
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_web_pages_of_others_cannot_call_through_a_browser_here(api: Api, headers: dict[str, str], status: int) -> None:
    reply = api("GET", "/jobs", headers=headers)
    assert reply.status == status
    assert "access-control-allow-origin" not in reply.headers


def test_a_page_of_the_server_itself_may(api: Api) -> None:
    assert api("POST", "/ping", headers={"Origin": api.url}).status == 200


def test_origins_that_are_named_may_call(tmp_path: Path) -> None:
    with Api(Nuvyn(tmp_path), ("--origin", "https://backend.example")) as api:
        asked = {"Origin": "https://backend.example", "Access-Control-Request-Method": "POST"}
        assert api("OPTIONS", "/jobs/create", headers=asked).headers["access-control-allow-origin"] == asked["Origin"]
        reply = api("GET", "/jobs", headers={"Origin": "https://backend.example"})
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, "https://backend.example")
        assert api("GET", "/jobs", headers={"Origin": "https://other.example"}).status == 403


@pytest.mark.parametrize(
    ("package", "command", "extra"), [("fastapi", "serve", "api"), ("textual_serve", "web", "web")]
)
def test_a_missing_extra_is_named(tmp_path: Path, package: str, command: str, extra: str) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / f"{package}.py").write_text(f"raise ModuleNotFoundError('not there', name={package!r})")
    nuvyn = Nuvyn(tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "nuvyn_tui.main", command, "--port", "0"],
        capture_output=True,
        text=True,
        env=nuvyn.environ({"PYTHONPATH": f"{hidden}{os.pathsep}{ROOT}"}),
        cwd=tmp_path,
        timeout=60,
    )
    assert ran.returncode == 2
    assert package in ran.stderr and f"pip install 'nuvyn[{extra}]'" in ran.stderr


async def test_a_fault_of_the_server_tells_no_secret_of_its_caller(caplog: pytest.LogCaptureFixture) -> None:
    async def faulty(*_: Any) -> None:
        register("canary-of-a-caller")
        raise ValueError("canary-of-a-caller is not a number")

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    gate = Gate(faulty, token=None, origins=(), hosts=(), observe=lambda *_: None)
    await gate({"type": "http", "path": "/jobs", "headers": [(b"host", b"localhost")]}, receive, send)
    start, body = sent
    assert start["status"] == 500
    assert json.loads(body["body"])["error"] == "unexpected ValueError: *** is not a number"
    [record] = caplog.records
    assert record.message == "unexpected error"


def test_a_job_store_that_breaks_is_told_as_such(tmp_path: Path) -> None:
    with Api(Nuvyn(tmp_path)) as api:
        api.change("ALTER TABLE jobs RENAME TO gone")
        reply = api("GET", "/jobs")
        assert reply.status == 503 and "job store" in reply.json()["error"]
        assert reply.headers["retry-after"] == "5"
        health = api("GET", "/health")
        assert health.status == 503 and not health.json()["checks"]["store"]["ok"]
        api.change("ALTER TABLE gone RENAME TO jobs")
        assert api("GET", "/health").status == 200
