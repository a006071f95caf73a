"""Other URLs: through fsspec, and single files of web servers."""

import uuid

import fsspec
import pytest

from core.errors import Fault, SourceError
from core.sources.locations import Kind, Location, locate
from core.sources.stores.open import open_store
from tests.servers.objects import ObjectServer, Trouble
from tests.sources.reading import contents, everything, opened, sizes

KEYS = ("plain.csv", "a folder/with space.csv", "q?uestion.csv", "per%20cent.csv", "ünï/日本語.csv")


@pytest.fixture
def root():
    path = f"/{uuid.uuid4().hex}"
    memory = fsspec.filesystem("memory")
    yield path
    if memory.exists(path):
        memory.rm(path, recursive=True)


async def test_a_folder_in_memory(root: str) -> None:
    objects = contents(KEYS)
    fsspec.filesystem("memory").pipe({f"{root}/{key}": data for key, data in objects.items()})
    async with opened(locate(f"memory:/{root}")) as store:
        assert await everything(store) == objects
        assert store.requests == {"LIST": 1, "GET": 2 * len(objects)}


async def test_one_file_in_memory(root: str) -> None:
    fsspec.filesystem("memory").pipe({f"{root}/a.csv": b"one", f"{root}/b.csv": b"other"})
    async with opened(locate(f"memory:/{root}/a.csv")) as store:
        assert await everything(store) == {"a.csv": b"one"}


async def test_nothing_in_memory(root: str) -> None:
    async with opened(locate(f"memory:/{root}/nothing")) as store:
        with pytest.raises(SourceError, match="nothing is stored under") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.NOT_FOUND


def test_a_missing_driver_names_its_package() -> None:
    with pytest.raises(SourceError, match="gs://") as caught:
        open_store(locate("gs://bucket/x"), None, max_concurrency=1, environ={})
    assert caught.value.fault is Fault.MISSING_DRIVER
    assert "gcsfs" in caught.value.hint


def test_a_scheme_that_nothing_knows() -> None:
    with pytest.raises(SourceError, match="no driver knows") as caught:
        open_store(
            Location(Kind.OTHER, "nosuch", "", "x", "nosuch://x", url="nosuch://x"), None, max_concurrency=1, environ={}
        )
    assert caught.value.fault is Fault.UNSUPPORTED


@pytest.mark.parametrize(
    ("url", "extra"), [("s3://b", "nuvyn[s3]"), ("az://c@a.dfs.core.windows.net/", "nuvyn[azure]")]
)
def test_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch, url: str, extra: str) -> None:
    for module in ("aiobotocore.session", "azure.storage.blob.aio"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(SourceError) as caught:
        open_store(locate(url), None, max_concurrency=1, environ={})
    assert caught.value.fault is Fault.MISSING_DRIVER
    assert extra in caught.value.hint


async def test_one_file_of_a_web_server(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a b.csv": b"12345678"})
    url = f"{bucket.url}/{bucket.name}/a%20b.csv"
    async with opened(locate(url)) as store:
        (page,) = [page async for page in store.pages()]
        (row,) = page.to_pylist()
        assert (row["key"], row["size"]) == ("a b.csv", 8)
        assert row["modified"].isoformat() == "2026-01-02T03:04:05"
        assert await store.read("a b.csv", [(0, 2), (6, 8)]) == [b"12", b"78"]
        assert store.requests == bucket.counts == {"GET": 3}


async def test_an_empty_file_of_a_web_server(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"empty": b""})
    async with opened(locate(f"{bucket.url}/{bucket.name}/empty")) as store:
        assert await sizes(store) == {"empty": 0}


async def test_a_web_server_that_fails(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a": b"x"})
    async with opened(locate(f"{bucket.url}/{bucket.name}/none?token=canary-0123456789")) as store:
        with pytest.raises(SourceError) as missing:
            await sizes(store)
    assert missing.value.fault is Fault.NOT_FOUND
    assert "canary" not in missing.value.message
    bucket.trouble = Trouble(status=429, retry_after="3")
    async with opened(locate(f"{bucket.url}/{bucket.name}/a")) as store:
        with pytest.raises(SourceError) as busy:
            await sizes(store)
    assert busy.value.transient
    assert busy.value.retry_after == 3


def test_a_database_is_no_place_of_files() -> None:
    with pytest.raises(SourceError, match="database"):
        open_store(Location(Kind.DATABASE, "sqlite", "", "", "sqlite:///x"), None, max_concurrency=1, environ={})
