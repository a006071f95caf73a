"""Every store that a caller's host is read through connects only where the guard lets it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.callers import ANONYMOUS
from core.errors import SourceError
from core.sources.guard import Guard, Refused
from core.sources.locations import locate
from core.sources.stores.open import open_store
from tests.servers.objects import ObjectServer

STORES = [("/{bucket}/a.csv", "auto"), ("/{bucket}", "aws_s3"), ("/{bucket}/c", "azure_blob")]


async def listed(url: str, kind: str, guard: Guard) -> list[str]:
    store = open_store(locate(url, kind), ANONYMOUS if kind != "auto" else None, guard=guard)
    try:
        return [key async for page in store.pages() for key in page.column("key").to_pylist()]
    finally:
        await store.close()


@pytest.mark.parametrize(("path", "kind"), STORES)
async def test_a_closed_address_sees_no_request(object_server: ObjectServer, path: str, kind: str) -> None:
    bucket = object_server.bucket({"a.csv": b"x\n1\n"})
    with pytest.raises(Refused, match="loopback"):
        await listed(object_server.url + path.format(bucket=bucket.name), kind, Guard())
    assert not bucket.counts


@pytest.mark.parametrize(("path", "kind"), STORES)
async def test_a_name_that_means_a_closed_address_by_now(
    object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    """As of a server whose name was public when the job was made."""
    bucket = object_server.bucket({"a.csv": b"x\n1\n"})
    real = socket.getaddrinfo

    def lookup(host: Any, *given: Any, **more: Any) -> Any:
        return real("127.0.0.1" if host == "rebinds.example" else host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    url = object_server.url.replace("127.0.0.1", "rebinds.example")
    with pytest.raises(Refused, match=r"rebinds\.example"):
        await listed(url + path.format(bucket=bucket.name), kind, Guard())
    assert not bucket.counts


@pytest.mark.parametrize(("path", "kind"), STORES)
@pytest.mark.parametrize("inside", ["127.0.0.2", "localhost.localdomain"])
async def test_a_redirect_to_a_closed_address_is_not_followed(
    object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch, path: str, kind: str, inside: str
) -> None:
    real = socket.getaddrinfo

    def lookup(host: Any, *given: Any, **more: Any) -> Any:
        return real("127.0.0.2" if host == "localhost.localdomain" else host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    target = object_server.bucket({"a.csv": b"secret\n1\n"})
    port = object_server.url.rpartition(":")[2]
    bucket = object_server.bucket(redirect_to=f"http://{inside}:{port}/{target.name}/a.csv")
    with pytest.raises(Exception, match=r"127\.0\.0\.2.* not open|302") as caught:
        await listed(object_server.url + path.format(bucket=bucket.name), kind, Guard(["127.0.0.1"]))
    assert bucket.counts and not target.counts, caught.value


async def test_what_is_opened_is_read_unsigned(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    bucket = object_server.bucket({"a.csv": b"x\n1\n"})
    for path, kind in STORES[:2]:
        url = object_server.url + path.format(bucket=bucket.name)
        assert await listed(url, kind, Guard(["127.0.0.1"])) == ["a.csv"]
    assert bucket.counts and not bucket.signed


async def test_links_that_lead_out_of_the_opened_folders_are_not_followed(tmp_path: Path) -> None:
    for name in ("open/deeper", "closed"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.csv").write_text("x\n1\n")
    for name, target in (("in", "open/deeper"), ("out", "closed"), ("file.csv", "closed/a.csv")):
        (tmp_path / "open" / name).symlink_to(tmp_path / target)
    store = open_store(locate(str(tmp_path / "open")), guard=Guard(roots=[str(tmp_path / "open")]))
    keys = [key async for page in store.pages() for key in page.column("key").to_pylist()]
    assert keys == ["deeper/a.csv"]
    [warning] = store.warnings
    assert "links lead out" in warning and "out" in warning and "file.csv" in warning
    await store.close()


@pytest.mark.parametrize("kind", [None, "aws_s3", "azure_blob"])
@pytest.mark.parametrize("answer", [206, 200])
async def test_no_more_is_taken_than_was_asked_for(kind: str | None, answer: int) -> None:
    """From a server that sends without end."""
    async with endless(answer) as url:
        store = open_store(locate(url, kind or "auto"), ANONYMOUS if kind else None, guard=Guard(["127.0.0.1"]))
        try:
            assert await store.read("a.csv" if kind else "", [(5, 15)]) == [b"x" * 10]
        finally:
            await store.close()


async def test_a_file_without_a_told_size_is_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sources.stores.http._MOST_COUNTED", 1 << 20)
    async with endless(200) as url:
        with pytest.raises(SourceError, match="does not tell its size"):
            await listed(url, "auto", Guard(["127.0.0.1"]))


@contextlib.asynccontextmanager
async def endless(status: int) -> AsyncIterator[str]:
    """The URL of a file that has no end."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} Here\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x" * (1 << 16))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/bucket/a.csv"
