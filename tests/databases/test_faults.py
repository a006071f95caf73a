"""What a database may refuse: told once, with its cause and what to do, and without its secret."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.databases.open import open_database
from core.errors import Fault, SourceError
from core.sources.locations import locate
from tests.command import Nuvyn
from tests.databases.reading import Read
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres
from tests.servers.run import free_port

SECRET = "canary-password-1"


@pytest.mark.parametrize(
    ("wrong", "fault", "transient", "hint"),
    [
        ("password", Fault.CREDENTIALS, False, "check user and password"),
        ("database", Fault.NOT_FOUND, False, "check host and database"),
        ("host", Fault.NOT_FOUND, False, "check host and database"),
        ("port", Fault.UNAVAILABLE, True, "is the server running"),
    ],
)
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_server_that_cannot_be_reached(
    postgres: Postgres, mariadb: MariaDb, kind: str, wrong: str, fault: Fault, transient: bool, hint: str
) -> None:
    server = postgres if kind == "postgresql" else mariadb
    user = "owner"
    url = {
        "password": server.url("x", user, SECRET),
        "database": server.url("nowhere_to_be_found"),
        "host": f"{kind}://{user}:{SECRET}@nowhere.invalid/x",
        "port": f"{kind}://{user}:{SECRET}@127.0.0.1:{free_port()}/x",
    }[wrong]
    with pytest.raises(SourceError) as caught:
        Read(url)
    error = caught.value
    assert (error.fault, error.transient) == (fault, transient), error.message
    assert hint in error.hint and "***" in error.message
    assert SECRET not in error.message + error.hint


def test_a_statement_that_takes_too_long(postgres: Postgres, mariadb: MariaDb) -> None:
    for url, slow in ((postgres.url(), "SELECT pg_sleep(60)"), (mariadb.url(), "SELECT SLEEP(60) FROM mysql.user")):
        connection, _ = open_database(locate(url, "database"), statement_timeout_s=0.2)
        try:
            with pytest.raises(SourceError) as caught:
                connection(slow)
            assert (caught.value.fault, caught.value.transient) == (Fault.TIMEOUT, False)
            assert "timeout_s" in caught.value.hint
        finally:
            connection.close()


def test_nothing_can_be_written(postgres: Postgres, mariadb: MariaDb) -> None:
    for server in (postgres, mariadb):
        name = server.database("CREATE TABLE t (a int)")
        connection, _ = open_database(locate(server.url(name), "database"), statement_timeout_s=5)
        try:
            connection("SELECT 1")
            with pytest.raises(SourceError, match=r"(?i)read[- ]only"):
                connection("INSERT INTO t VALUES (1)")
        finally:
            connection.close()
        assert server.execute("SELECT count(*) FROM t", name) == [(0,)]


@pytest.mark.parametrize("scheme", ["mssql", "oracle", "unheardof+driver"])
def test_a_missing_driver_is_named(scheme: str) -> None:
    with pytest.raises(SourceError) as caught:
        Read(f"{scheme}://u:{SECRET}@h/db")
    assert caught.value.fault is Fault.MISSING_DRIVER
    assert "install" in caught.value.hint and SECRET not in str(caught.value)


def test_a_lake_and_two_databases_in_one_job_and_one_of_them_down(
    nuvyn: Nuvyn, postgres: Postgres, tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake/orders.csv").write_text("id,total\n1,2.5\n")
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        database.execute("CREATE VIEW v AS SELECT b FROM t")
        database.execute("INSERT INTO t VALUES (1, 'x')")
    database.close()
    name = postgres.database("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL)")
    sources = {"lake": str(tmp_path / "lake"), "pg": postgres.url(name), "lite": f"sqlite:///{tmp_path}/x.db"}
    ran = nuvyn("run", nuvyn.payload(sources), "--json")
    assert (ran.code, ran.last_json()["status"]) == (0, "completed"), ran.out
    rows = nuvyn.rows("SELECT source_id, table_name, file_type, row_count FROM tables ORDER BY ALL")
    assert [tuple(row.values()) for row in rows] == [
        ("lake", "orders", "csv", 1),
        ("lite", "main.t", "sqlite", 1),
        ("lite", "main.v", "sqlite", None),
        ("pg", "public.customers", "postgresql", None),
    ]
    keys = nuvyn.rows("SELECT table_name, column_name FROM columns WHERE is_primary_key ORDER BY ALL")
    assert [tuple(row.values()) for row in keys] == [("main.t", "a"), ("public.customers", "id")]
    [stored] = nuvyn.rows("SELECT source_path, files_found, tables_found FROM sources WHERE source_id = 'pg'")
    assert "***" in stored["source_path"] and (stored["files_found"], stored["tables_found"]) == (0, 1)
    sources["pg"] = postgres.url(name, password=SECRET)
    ran = nuvyn("run", nuvyn.payload(sources))
    assert ran.code == 3 and "check user and password" in ran.out
    assert len(nuvyn.rows("SELECT * FROM tables")) == 4, "what was known stays"
    (nuvyn.home / "payload.json").unlink()
    for path in nuvyn.home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
