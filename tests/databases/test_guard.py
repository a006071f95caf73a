"""A caller's database is connected to at the address that was judged."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from core.databases.open import open_database
from core.errors import SourceError
from core.sources.guard import Guard, Refused
from core.sources.locations import locate
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres


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
