"""What a database may refuse: told once, with its cause and what to do, and without its secret."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import uuid
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from core.databases.open import open_database
from core.errors import Fault, SourceError
from core.extract_database import in_thread
from core.sources.locations import locate
from tests.command import Nuvyn
from tests.databases.reading import Read
from tests.e2e.test_seed_queries import COMPARE, SOURCE_COLUMNS, WORKFLOW_SOURCES
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import PASSWORD, TLS_ONLY, Postgres
from tests.servers.proxy import Proxy
from tests.servers.run import free_port
from tests.servers.warehouse import wait_for

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


def test_a_server_that_wants_the_line_encrypted(postgres: Postgres, mariadb: MariaDb) -> None:
    if not postgres.execute("SELECT 1 FROM pg_database WHERE datname = 'tls_only'"):
        with contextlib.suppress(psycopg.errors.UniqueViolation):
            postgres.execute(f"CREATE DATABASE {TLS_ONLY}")
    with pytest.raises(SourceError) as caught:
        Read(postgres.url(TLS_ONLY))
    assert (caught.value.fault, caught.value.transient) == (Fault.DENIED, False), caught.value.message
    assert "sslmode=require" in caught.value.hint and PASSWORD not in str(caught.value)
    name = mariadb.database("CREATE TABLE t (a INT)")
    encrypted = mariadb.url(name, TLS_ONLY)
    assert set(Read(encrypted).tables) == {f"{name}.t"}, "encrypted where the server offers it"
    assert set(Read(f"{encrypted}?ssl_ca={mariadb.certificate}").tables) == {f"{name}.t"}
    with pytest.raises(SourceError) as caught:
        Read(f"{encrypted}?ssl=true")
    assert (caught.value.fault, caught.value.transient) == (Fault.DENIED, False), caught.value.message
    assert "ssl_ca" in caught.value.hint


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_line_that_breaks_in_the_middle_is_tried_again(
    nuvyn: Nuvyn, postgres: Postgres, mariadb: MariaDb, kind: str
) -> None:
    server = postgres if kind == "postgresql" else mariadb
    name = server.database("CREATE TABLE t (a INT)")
    marker = b"pg_attribute" if kind == "postgresql" else b"FROM information_schema.partitions"
    # Else it is encrypted as soon as the server offers it, and the proxy sees no marker.
    name += "?ssl_disabled=true" if kind == "mysql" else ""
    with Proxy(server.host, int(server.port), marker) as proxy:
        ran = nuvyn("run", nuvyn.payload({"db": replace(server, port=str(proxy.port)).url(name)}))
        assert (ran.code, proxy.cuts) == (0, 1), ran.out
        assert "attempt 1 failed" in ran.out + ran.err
    with Proxy(server.host, int(server.port), marker) as proxy:
        url = replace(server, port=str(proxy.port)).url(name)
        ran = nuvyn("run", nuvyn.payload({"db": url}, options={"retries": 0}))
        assert (ran.code, proxy.cuts) == (1, 1), ran.out
        assert "failed while its catalog was read" in ran.out and "is the server running" in ran.out


def test_a_server_that_shuts_down_in_the_middle(postgres: Postgres) -> None:
    connection, _ = open_database(locate(postgres.url(), "database"), statement_timeout_s=60)
    try:
        [[pid]] = connection("SELECT pg_backend_pid()")
        with pytest.raises(SourceError) as caught:
            connection(f"SELECT pg_terminate_backend({pid}), pg_sleep(60)")
    finally:
        connection.close()
    assert (caught.value.fault, caught.value.transient) == (Fault.UNAVAILABLE, True), caught.value.message


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_cancelling_ends_the_query_at_the_server_too(postgres: Postgres, mariadb: MariaDb, kind: str) -> None:
    mark = f"cancelled_{uuid.uuid4().hex[:8]}"
    server: Postgres | MariaDb = postgres if kind == "postgresql" else mariadb
    slow = f"SELECT pg_sleep(60) AS {mark}" if kind == "postgresql" else f"SELECT SLEEP(60) AS {mark} FROM mysql.user"
    seen = (
        f"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(60) AS {mark}%'"
        if kind == "postgresql"
        else f"SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(60) AS {mark}%'"
    )
    connection, _ = open_database(locate(server.url(), "database"), statement_timeout_s=60)

    async def cancel() -> None:
        task = asyncio.create_task(in_thread(connection, lambda: connection(slow)))
        await asyncio.to_thread(wait_for, lambda: server.execute(seen))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(cancel())
    finally:
        connection.close()
    wait_for(lambda: not server.execute(seen))


@pytest.mark.parametrize("scheme", ["mssql", "oracle", "unheardof+driver"])
def test_a_missing_driver_is_named(scheme: str) -> None:
    with pytest.raises(SourceError) as caught:
        Read(f"{scheme}://u:{SECRET}@h/db")
    assert caught.value.fault is Fault.MISSING_DRIVER
    assert "install" in caught.value.hint and SECRET not in str(caught.value)


def test_a_named_connection_has_the_server_and_the_password(nuvyn: Nuvyn, postgres: Postgres) -> None:
    name = postgres.database("CREATE TABLE t (a int)")
    server = postgres.url("").replace(f":{PASSWORD}", "")
    (nuvyn.home / "config.toml").write_text(
        f'[connections.erp]\nkind = "postgresql"\nurl = "{server}"\npassword = "{PASSWORD}"\n'
    )
    for path in (name, postgres.url(name).replace(f":{PASSWORD}", "")):
        ran = nuvyn("run", nuvyn.payload({"db": {"data_source_path": path, "connection": "erp"}}))
        assert ran.code == 0, ran.out
        assert [row["table_name"] for row in nuvyn.rows("SELECT table_name FROM tables")] == ["public.t"]
        assert PASSWORD not in ran.out


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
    ran = nuvyn("run", nuvyn.payload(sources, "retail"), "--json")
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
    counts = {row["source_id"]: (row["table_count"], row["total_columns"]) for row in nuvyn.rows(WORKFLOW_SOURCES)}
    assert counts == {"lake": (1, 2), "lite": (2, 3), "pg": (1, 2)}
    columns = nuvyn.rows(SOURCE_COLUMNS.replace("amazon_data", "pg"))
    assert [(row["column_name"], row["data_type"]) for row in columns] == [("id", "int"), ("name", "string")]
    compared = nuvyn.rows(COMPARE)
    assert [tuple(row.values()) for row in compared] == [("lake", 1, 2, 2), ("lite", 2, 3, 2), ("pg", 1, 2, 0)]
    sources["pg"] = postgres.url(name, password=SECRET)
    ran = nuvyn("run", nuvyn.payload(sources, "retail"), "--json")
    answer = ran.last_json()
    assert (ran.code, answer["status"]) == (3, "partial")
    states = {source["source_id"]: source["status"] for source in answer["result_data"]["sources"]}
    assert states == {"lake": "success", "lite": "success", "pg": "failed"}
    assert "check user and password" in ran.out
    assert len(nuvyn.rows("SELECT * FROM tables")) == 4, "what was known stays"
    (nuvyn.home / "payload.json").unlink()
    for path in nuvyn.home.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_what_inspect_says_of_a_database(nuvyn: Nuvyn, postgres: Postgres) -> None:
    made = 'CREATE TABLE t (a int PRIMARY KEY, "b\x1b[2J" text); CREATE VIEW v AS SELECT a FROM t;'
    made += " COMMENT ON COLUMN t.a IS 'who'"
    ran = nuvyn("inspect", postgres.url(postgres.database(made)))
    assert ran.code == 0, ran.err
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert {"2 tables, 3 columns", "kind table of postgresql", "kind view of postgresql"} <= set(lines)
    assert "a int declared; not null; key; integer; who" in lines
    assert "\x1b" not in ran.out and PASSWORD not in ran.out
