"""What callers may not name is refused before any connection is made, and never reached by a job either."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import ROOT, Nuvyn
from tests.servers.api import Api
from tests.servers.objects import ObjectServer
from tests.servers.postgres import Postgres

WATCHED = Path(__file__).parent / "watched"
SECRET = "canary-secret-5d1e"


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watch") / "connections"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, opened: Path, noted: Path) -> Iterator[Api]:
    """A server that notes each connection that it, or a worker of its, begins."""
    home = tmp_path_factory.mktemp("home")
    (home / "config.toml").write_text(f'[connections.lake]\nkind = "aws_s3"\nsecret_access_key = "{SECRET}"\n')
    env = {"NUVYN_TEST_WATCH": str(noted), "PYTHONPATH": f"{WATCHED}{os.pathsep}{ROOT}"}
    with Api(Nuvyn(home), ("--root", str(opened)), env=env) as found:
        yield found


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"data_source_path": "/etc/passwd"}, "data_source_path"),
        ({"data_source_path": "file:///etc/passwd"}, "data_source_path"),
        ({"data_source_path": "http://127.0.0.1:PORT/BUCKET/a.csv"}, "data_source_path"),
        ({"data_source_path": "http://localhost:PORT/BUCKET/a.csv"}, "data_source_path"),
        ({"data_source_path": "http://127.1:PORT/BUCKET/a.csv"}, "data_source_path"),
        ({"data_source_path": "http://[::ffff:127.0.0.1]:PORT/BUCKET/a.csv"}, "data_source_path"),
        ({"data_source_path": "http://127.0.0.1:PORT/BUCKET", "data_source_type": "aws_s3"}, "data_source_path"),
        ({"data_source_path": "http://127.0.0.1:PORT/devstoreaccount1/BUCKET"}, "data_source_path"),
        ({"data_source_path": "http://169.254.169.254/latest/meta-data"}, "data_source_path"),
        ({"data_source_path": "http://10.0.0.1/x"}, "data_source_path"),
        ({"data_source_path": "postgresql://u:p@127.0.0.1/d"}, "data_source_path"),
        ({"data_source_path": "mysql://u:p@localhost/d"}, "data_source_path"),
        ({"data_source_path": "s3://bucket", "connection": "lake"}, "connection"),
    ],
)
def test_refused_before_any_connection_is_made(
    watched: Api, noted: Path, object_server: ObjectServer, source: dict[str, str], field: str
) -> None:
    bucket = object_server.bucket({"a.csv": b"x\n1\n"})
    port = object_server.url.rpartition(":")[2]
    text = json.dumps(source).replace("PORT", port).replace("BUCKET", bucket.name)
    named = json.loads(text)
    before = noted.read_text() if noted.exists() else ""

    reply = watched("POST", "/jobs/create", {"workflow_id": "w", "sources": [{"source_id": "a", **named}]})
    assert reply.status == 400, reply.body
    [problem] = reply.json()["errors"]
    assert problem["path"] == f"sources[0].{field}"
    assert "open to callers" in problem["message"] and "api_" in problem["hint"]
    checked = watched("POST", "/payloads/validate", {"workflow_id": "w", "sources": [{"source_id": "a", **named}]})
    assert checked.json()["errors"] == [problem]
    assert watched("POST", "/datasources/test", named).status == 400

    assert (noted.read_text() if noted.exists() else "") == before
    assert not bucket.counts and SECRET.encode() not in reply.body
    assert watched.get("/jobs")["total_jobs"] == 0


def test_the_watch_sees_what_is_let_through(tmp_path: Path, object_server: ObjectServer, postgres: Postgres) -> None:
    """So that the test above means something; and what the operator opens is read."""
    noted = tmp_path / "connections"
    bucket = object_server.bucket({"a.csv": b"x\n1\n"})
    env = {
        "NUVYN_TEST_WATCH": str(noted),
        "PYTHONPATH": f"{WATCHED}{os.pathsep}{ROOT}",
        "NUVYN_API_HOSTS": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    with Api(Nuvyn(tmp_path), env=env) as api:
        place = {"data_source_path": f"{object_server.url}/{bucket.name}", "data_source_type": "aws_s3"}
        assert api("POST", "/datasources/test", place).json()["first"] == ["a.csv"]
        job_id = api.create(
            {
                "web": f"{object_server.url}/{bucket.name}/a.csv",
                "db": postgres.url(postgres.database("CREATE TABLE t (a int)")),
            }
        )
        answer = api.execute(job_id)
        assert answer["status"] == "completed", answer
    assert "127.0.0.1" in noted.read_text()
    # The caller named the server, so it sees no credentials of this machine.
    assert bucket.counts and not bucket.signed
    assert SECRET not in json.dumps(answer)


def test_the_rules_stay_with_a_job_whoever_runs_it(tmp_path: Path, object_server: ObjectServer, opened: Path) -> None:
    """The name was harmless when the job was made; the worker that runs it has another environment."""
    bucket = object_server.bucket({"a.csv": b"x\n1\n"})
    with Api(Nuvyn(tmp_path), ("--root", str(opened))) as api:
        with api.no_worker():
            job_id = api.create({"a": "http://rebinds.invalid/a.csv", "b": str(opened / "s0")})
            port = object_server.url.rpartition(":")[2]
            url = f"http://127.0.0.1:{port}/{bucket.name}/a.csv"
            # As if the name meant this machine by now.
            api.change(f"UPDATE jobs SET payload = replace(payload, 'http://rebinds.invalid/a.csv', '{url}')")
        ran = Nuvyn(tmp_path)("worker", "--once", env={"NUVYN_API_HOSTS": "127.0.0.1"})
        assert ran.code == 0, ran.err
        first, second = api.get(f"/jobs/{job_id}/result")["result_data"]["sources"]
    assert first["status"] == "failed" and "not open to callers" in first["error"]["message"]
    assert second["status"] == "success"
    assert not bucket.counts


def test_credentials_of_the_caller_are_used_and_kept_nowhere(tmp_path: Path, postgres: Postgres) -> None:
    name = postgres.database("CREATE TABLE orders (id int)")
    parts = postgres.url(name).removeprefix("postgresql://")
    login, _, place = parts.partition("@")
    user, _, password = login.partition(":")
    host, _, port = place.partition("/")[0].partition(":")
    credentials = {"host": host, "port": port, "username": user, "password": password, "database": name}
    with Api(Nuvyn(tmp_path), ("--allow-host", "127.0.0.1")) as api:
        asked = {"source_type": "database", "credentials": {**credentials, "type": "postgresql"}, "path": ""}
        found = api("POST", "/datasources/test", asked).json()
        assert found["success"] and found["first"] == ["public.orders"], found
        asked["credentials"] = {**credentials, "type": "postgresql", "password": SECRET}
        wrong = api("POST", "/datasources/test", asked).json()
        assert (wrong["success"], wrong["fault"]) == (False, "credentials") and SECRET not in json.dumps(wrong)
        bad = api("POST", "/datasources/test", {"path": "s3://b", "credentials": {"profile": "prod"}})
        assert bad.status == 400 and bad.json()["errors"][0]["path"] == "credentials.profile"
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_a_database_file_that_the_operator_named_lies_where_it_likes(tmp_path: Path, opened: Path) -> None:
    file = tmp_path / "shop.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE orders (id INTEGER)")
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(f'[connections.shop]\nurl = "sqlite:///{file}"\n')
    with Api(Nuvyn(home), ("--root", str(opened), "--connection", "shop")) as api:
        found = api("POST", "/datasources/test", {"source_type": "database", "connection": "shop", "path": "."}).json()
        assert found.get("first") == ["main.orders"], found
        refused = api("POST", "/datasources/test", {"source_type": "database", "path": f"sqlite:///{file}"}).json()
        assert "open to callers" in str(refused)
