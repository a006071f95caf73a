"""S3: against SeaweedFS, which checks signatures, and a server that counts and fails on demand."""

import asyncio
from pathlib import Path

import pytest

from core.connections import Connection
from core.errors import Fault, SourceError
from core.retry import RetryingStore
from core.sources.locations import Kind, Location, locate
from core.sources.stores.open import open_store
from tests.servers.certificate import self_signed
from tests.servers.objects import Bucket, ObjectServer, Trouble
from tests.servers.run import free_port
from tests.servers.seaweed import ACCESS_KEY, READER_KEY, READER_SECRET, SECRET_KEY, Seaweed
from tests.sources.reading import DOTS, DRIVERS, ODD, SLASHES, contents, everything, opened, read_by, sizes


def at(bucket: Bucket, path: str = "") -> Location:
    return Location(Kind.S3, "s3", bucket.name, path, f"s3://{bucket.name}/{path}", endpoint=bucket.url)


def signed(url: str, key: str = ACCESS_KEY, secret: str = SECRET_KEY) -> Connection:
    return Connection("lake", endpoint_url=url, access_key_id=key, secret_access_key=secret)


async def no_wait(_: float) -> None:
    return None


@pytest.mark.parametrize("driver", DRIVERS)
async def test_odd_keys_are_listed_and_read_as_they_are(
    object_server: ObjectServer, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by(driver, monkeypatch)
    objects = contents(ODD + SLASHES + DOTS)
    async with opened(at(object_server.bucket(objects))) as store:
        assert await everything(store) == objects


@pytest.mark.parametrize("driver", DRIVERS)
async def test_odd_keys_of_a_server_that_checks_signatures(
    seaweed: Seaweed, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by(driver, monkeypatch)
    objects = contents(ODD)
    location = locate(f"s3://{seaweed.bucket(objects)}")
    async with opened(location, signed(seaweed.url)) as store:
        assert await everything(store) == objects


async def test_keys_are_below_a_prefix(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a/b/1": b"1", "a/b//2": b"22", "a/bc/3": b"333", "a/b": b"4444"})
    async with opened(at(bucket, "a/b")) as store:
        assert await sizes(store) == {"1": 1, "/2": 2}
        assert await store.read("/2", [(0, 2)]) == [b"22"]
    async with opened(at(bucket, "a/b/")) as store:
        assert await sizes(store) == {"1": 1, "/2": 2}


async def test_a_path_may_be_one_object(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a/file.csv": b"one", "a/file.csv.gz": b"other"})
    async with opened(at(bucket, "a/file.csv")) as store:
        assert await everything(store) == {"file.csv": b"one"}


@pytest.mark.parametrize("path", ["nothing", "nothing/", "file"])
async def test_nothing_under_a_path_is_an_error(object_server: ObjectServer, path: str) -> None:
    async with opened(at(object_server.bucket({"file.csv": b"x"}), path)) as store:
        with pytest.raises(SourceError, match="nothing is stored under") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.NOT_FOUND
    assert not caught.value.transient


async def test_an_empty_bucket_is_no_error(object_server: ObjectServer) -> None:
    async with opened(at(object_server.bucket())) as store:
        assert await sizes(store) == {}


async def test_requests_are_one_a_page_and_one_a_span(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({f"{i:05}": b"12345678" for i in range(2500)})
    async with opened(at(bucket)) as store:
        assert len(await sizes(store)) == 2500
        assert await store.read("00007", [(0, 3), (4, 8), (2, 3)]) == [b"123", b"5678", b"3"]
        assert store.requests == bucket.counts == {"LIST": 3, "GET": 3}
    assert sorted(bucket.ranges) == [("00007", "bytes=0-2"), ("00007", "bytes=2-2"), ("00007", "bytes=4-7")]


async def test_a_listing_tells_etag_and_time(object_server: ObjectServer) -> None:
    async with opened(at(object_server.bucket({"a": b"x"}))) as store:
        (page,) = [page async for page in store.pages()]
    (row,) = page.to_pylist()
    assert row["modified"].isoformat() == "2026-01-02T03:04:05"
    assert row["etag"] == '"9dd4e461268c8034f5c8564e155c67a6"'


@pytest.mark.parametrize("trouble", [Trouble(every=3, status=503), Trouble(every=3, drop=True)])
async def test_a_busy_server_and_a_dropped_connection_are_tried_again(
    object_server: ObjectServer, trouble: Trouble
) -> None:
    objects = contents(tuple(f"{i:03}" for i in range(50)))
    bucket = object_server.bucket(objects, page_size=10, trouble=trouble)
    inner = open_store(at(bucket), None, max_concurrency=8, environ={})
    store = RetryingStore(inner, retries=3, sleep=no_wait)
    try:
        assert await everything(store) == objects
    finally:
        await store.close()
    assert store.requests == bucket.counts
    # A page that failed is asked for again, not the listing from its start.
    assert bucket.counts["LIST"] < 10


async def test_a_server_says_when_to_come_back(object_server: ObjectServer) -> None:
    trouble = Trouble(status=503, retry_after="7")
    async with opened(at(object_server.bucket({"a": b"x"}, trouble=trouble))) as store:
        with pytest.raises(SourceError) as caught:
            await sizes(store)
    assert caught.value.transient
    assert caught.value.retry_after == 7


async def test_an_error_in_an_answer_that_says_200_is_no_empty_listing(object_server: ObjectServer) -> None:
    trouble = Trouble(status=200, code="InternalError")
    async with opened(at(object_server.bucket({"a": b"x"}, trouble=trouble))) as store:
        with pytest.raises(SourceError) as caught:
            await sizes(store)
    assert caught.value.transient


async def test_an_object_that_vanished_or_shrank(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"gone": b"12345678", "short": b"12345678"})
    async with opened(at(bucket)) as store:
        await sizes(store)
        del bucket.objects["gone"]
        bucket.objects["short"] = b"1234"
        with pytest.raises(SourceError, match="gone") as gone:
            await store.read("gone", [(0, 8)])
        with pytest.raises(SourceError, match="changed since it was listed") as short:
            await store.read("short", [(2, 8)])
        with pytest.raises(SourceError, match="changed since it was listed") as shorter:
            await store.read("short", [(0, 2), (4, 8)])
    assert gone.value.fault is Fault.NOT_FOUND
    assert short.value.fault is shorter.value.fault is Fault.CORRUPT


async def test_a_wrong_secret(seaweed: Seaweed) -> None:
    canary = "canary-secret-0123456789"
    location = locate(f"s3://{seaweed.bucket({'a': b'x'})}")
    async with opened(location, signed(seaweed.url, secret=canary)) as store:
        with pytest.raises(SourceError) as caught:
            await sizes(store)
        assert store.requests["LIST"] == 1
    error = caught.value
    assert error.fault is Fault.CREDENTIALS
    assert not error.transient
    assert location.shown in error.message
    assert "SignatureDoesNotMatch" in error.message
    assert "connection lake" in error.hint
    assert canary not in f"{error.message} {error.hint} {store!r} {vars(store)}"


async def test_an_unknown_access_key(seaweed: Seaweed) -> None:
    location = locate(f"s3://{seaweed.bucket({'a': b'x'})}")
    async with opened(location, signed(seaweed.url, key="nobody")) as store:
        with pytest.raises(SourceError, match="InvalidAccessKeyId") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.CREDENTIALS


async def test_a_bucket_of_others(seaweed: Seaweed) -> None:
    location = locate(f"s3://{seaweed.bucket({'a': b'x'})}")
    async with opened(location, signed(seaweed.url, READER_KEY, READER_SECRET)) as store:
        with pytest.raises(SourceError, match="AccessDenied") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.DENIED
    assert location.container in caught.value.hint


async def test_without_credentials_it_says_what_was_looked_for(seaweed: Seaweed) -> None:
    location = locate(f"s3://{seaweed.bucket({'a': b'x'})}")
    async with opened(location, environ={"AWS_ENDPOINT_URL": seaweed.url}) as store:
        with pytest.raises(SourceError, match="without credentials") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.DENIED
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


async def test_keys_of_the_environment_are_used(seaweed: Seaweed) -> None:
    location = locate(f"s3://{seaweed.bucket({'a': b'x'})}")
    environ = {
        "AWS_ENDPOINT_URL": seaweed.url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    async with opened(location, environ=environ) as store:
        assert await sizes(store) == {"a": 1}


async def test_the_default_chain_reads_a_profile(
    seaweed: Seaweed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text(
        f"[owner]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    location = locate(f"s3://{seaweed.bucket({'a': b'x'})}")
    async with opened(location, Connection("lake", endpoint_url=seaweed.url, profile="owner")) as store:
        assert await sizes(store) == {"a": 1}
    (tmp_path / "config").write_text(f"[profile owner]\nendpoint_url = {seaweed.url}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    async with opened(location, Connection("lake", profile="owner")) as store:
        assert await sizes(store) == {"a": 1}
    async with opened(location, Connection("lake", endpoint_url=seaweed.url, profile="nobody")) as store:
        with pytest.raises(SourceError, match="nobody") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.CREDENTIALS


async def test_no_such_bucket(seaweed: Seaweed) -> None:
    async with opened(locate("s3://there-is-none"), signed(seaweed.url)) as store:
        with pytest.raises(SourceError, match="there-is-none") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.NOT_FOUND


async def test_no_server_there() -> None:
    location = Location(Kind.S3, "s3", "lake", "", "s3://lake", endpoint=f"http://127.0.0.1:{free_port()}")
    async with opened(location) as store:
        with pytest.raises(SourceError, match="does not accept connections") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.UNAVAILABLE
    assert caught.value.transient


async def test_a_certificate_of_an_unknown_authority_is_final(tmp_path: Path) -> None:
    with ObjectServer(self_signed(tmp_path)) as server:
        async with opened(at(server.bucket({"a": b"x"}))) as store:
            with pytest.raises(SourceError, match="certificate is not trusted") as caught:
                await sizes(store)
    assert caught.value.fault is Fault.UNAVAILABLE
    assert not caught.value.transient


async def test_reads_run_side_by_side_and_can_be_cancelled(object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a": b"12345678"}, latency_s=0.05)
    async with opened(at(bucket)) as store:
        await sizes(store)
        await asyncio.gather(*(store.read("a", [(i, i + 1)]) for i in range(8)))
        assert bucket.most_in_flight > 1
        bucket.latency_s = 60
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(store.read("a", [(0, 1)]), 0.01)
