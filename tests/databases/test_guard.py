"""A caller's database is connected to at the address that was judged."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from core.databases import server as server_module
from core.databases.open import open_database
from core.errors import Fault, SourceError
from core.extract_database import in_thread
from core.sources.guard import Guard, Refused
from core.sources.locations import locate
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import PASSWORD, Postgres
from tests.servers.proxy import Proxy


def tables(url: str, guard: Guard) -> int:
    connection, _ = open_database(locate(url, "database"), statement_timeout_s=30, guard=guard)
    try:
        return len(connection("SELECT 1"))
    finally:
        connection.close()


def test_only_where_the_guard_lets_it(postgres: Postgres, mariadb: MariaDb, monkeypatch: pytest.MonkeyPatch) -> None:
    for server in (postgres, mariadb):
        with pytest.raises(Refused, match="loopback"):
            tables(server.url(), Guard())
        assert tables(server.url(), Guard(["127.0.0.1"])) == 1
        named = server.url().replace("127.0.0.1", "db.internal")
        with pytest.raises(SourceError, match=r"db\.internal cannot be reached"):
            tables(named, Guard(["db.internal"]))
        answers: list[str] = []
        real = socket.getaddrinfo

        def lookup(host: Any, *given: Any, real: Any = real, answers: list[str] = answers, **more: Any) -> Any:
            if host != "db.internal":
                return real(host, *given, **more)
            answers.append(host)
            # A second question would be answered otherwise.
            return real("127.0.0.1" if len(answers) == 1 else "127.0.0.9", *given, **more)

        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", lookup)
            assert tables(named, Guard(["db.internal"])) == 1
        assert answers == ["db.internal"]


@pytest.mark.parametrize("way", ["PGPASSWORD", "PGPASSFILE"])
def test_a_callers_server_is_not_told_the_password_of_the_environment(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    if way == "PGPASSFILE":
        (tmp_path / "pgpass").write_text(f"*:*:*:*:{PASSWORD}\n")
        (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv(way, PASSWORD if way == "PGPASSWORD" else str(tmp_path / "pgpass"))
    url = postgres.url().replace(f":{PASSWORD}@", "@")
    connection, _ = open_database(locate(url, "database"), statement_timeout_s=30)
    assert len(connection("SELECT 1")) == 1, "the operator's own is"
    connection.close()
    with pytest.raises(SourceError) as caught:
        tables(url, Guard(["127.0.0.1"]))
    assert caught.value.fault is Fault.CREDENTIALS


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_LATE_S", 0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql://u:p@127.0.0.1:{silent.getsockname()[1]}/d"
        for guard in (None, Guard(["127.0.0.1"])):
            connection, _ = open_database(locate(url, "database"), statement_timeout_s=0.5, guard=guard)
            with pytest.raises(SourceError):
                connection("SELECT 1")


async def test_a_query_that_is_stopped_ends_though_its_server_does_not_answer(postgres: Postgres) -> None:
    """The line is held open by something between that passes nothing on any more."""
    place = postgres.url().rpartition("@")[2].partition("/")[0]
    with Proxy("127.0.0.1", int(place.partition(":")[2]), b"pg_sleep", hold=True) as proxy:
        url = postgres.url().replace(place, f"127.0.0.1:{proxy.port}")
        connection, _ = open_database(locate(url, "database"), statement_timeout_s=600)
        assert len(connection("SELECT 1")) == 1
        running = asyncio.ensure_future(in_thread(connection, lambda: connection("SELECT pg_sleep(500)")))
        await asyncio.to_thread(proxy.holds.wait, 30)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
