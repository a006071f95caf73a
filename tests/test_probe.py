"""Trying a source."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from core.attempts import Attempt
from core.errors import SourceError
from core.probe import probe
from tests.servers.postgres import Postgres


async def test_the_first_keys_and_whether_there_are_more(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.csv").write_text("x\n")
    found = await probe(str(tmp_path), limit=3)
    assert (len(found.keys), found.count, found.more, found.kind) == (3, 5, False, "local_filesystem")


async def test_a_place_that_is_not_there_is_a_designed_error(tmp_path: Path) -> None:
    for path in (str(tmp_path / "gone"), f"sqlite:///{tmp_path}/gone.db"):
        with pytest.raises(SourceError, match="does not exist"):
            await probe(path)


async def test_a_database_tells_its_tables(postgres: Postgres) -> None:
    name = postgres.database("CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE VIEW c AS SELECT x FROM a")
    found = await probe(postgres.url(name), limit=2)
    assert (found.keys, found.count, found.more) == (("public.a", "public.b"), 3, False)
    assert (found.kind, found.noun, found.requests) == ("database", "table", 3)
    with pytest.raises(SourceError, match="cannot be reached"):
        await probe(postgres.url(name, password="canary-pw"))


async def test_a_source_that_never_answers_is_let_go_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        attempt = Attempt(lambda: probe(f"http://127.0.0.1:{silent.getsockname()[1]}/a.csv"))
        running = asyncio.create_task(asyncio.to_thread(attempt.run))
        # It has connected, and waits for an answer that does not come.
        with (await asyncio.to_thread(silent.accept))[0]:
            attempt.stop()
            assert await asyncio.wait_for(running, 10) is None


def test_one_stopped_before_it_began_asks_nothing(tmp_path: Path) -> None:
    attempt = Attempt(lambda: probe(str(tmp_path)))
    attempt.stop()
    assert attempt.run() is None
