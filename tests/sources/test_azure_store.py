"""Azure Blob Storage, against Azurite, which checks keys and SAS."""

from datetime import timedelta

import pytest

from core.connections import Connection
from core.errors import Fault, SourceError
from core.sources.locations import locate
from core.sources.stores.azure_xml import page_of
from tests.servers.azurite import ACCOUNT, KEY, Azurite
from tests.servers.run import free_port
from tests.sources.reading import DRIVERS, ODD, SLASHES, contents, everything, opened, read_by, sizes


def environment(azurite: Azurite) -> dict[str, str]:
    return {"AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string}


@pytest.mark.parametrize("driver", DRIVERS)
async def test_odd_keys_are_listed_and_read_as_they_are(
    azurite: Azurite, driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_by(driver, monkeypatch)
    objects = contents(ODD + SLASHES)
    url = f"{azurite.url}/{azurite.container(objects)}"
    async with opened(locate(url), environ=environment(azurite)) as store:
        assert await everything(store) == objects
        assert store.requests == {"LIST": 1, "GET": 2 * len(objects)}


async def test_odd_keys_by_a_sas_in_the_url(azurite: Azurite) -> None:
    objects = contents(ODD + SLASHES)
    container = azurite.container(objects)
    async with opened(locate(f"{azurite.url}/{container}?{azurite.sas(container)}")) as store:
        assert await everything(store) == objects


async def test_keys_are_below_a_prefix(azurite: Azurite) -> None:
    container = azurite.container({"a/b/1": b"1", "a/b//2": b"22", "a/bc/3": b"333", "a/b": b"4444"})
    for path in ("a/b", "a/b/"):
        async with opened(locate(f"{azurite.url}/{container}/{path}"), environ=environment(azurite)) as store:
            assert await sizes(store) == {"1": 1, "/2": 2}
            assert await store.read("/2", [(0, 2)]) == [b"22"]


async def test_a_path_may_be_one_blob(azurite: Azurite) -> None:
    container = azurite.container({"a b/file?.csv": b"one", "a b/file?.csv.gz": b"other"})
    location = locate(f"{azurite.url}/{container}/a%20b/file%3F.csv")
    async with opened(location, environ=environment(azurite)) as store:
        assert await everything(store) == {"file?.csv": b"one"}


async def test_a_scheme_url_with_the_account_of_the_connection(azurite: Azurite) -> None:
    container = azurite.container({"x/a": b"1"})
    connection = Connection("lake", connection_string=azurite.connection_string)
    async with opened(locate(f"az://{container}/x", connection=connection), connection) as store:
        assert await everything(store) == {"a": b"1"}


async def test_more_keys_than_a_page(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sources.stores.azure._PAGE", 7)
    container = azurite.container({f"{i:03}": b"x" for i in range(30)})
    async with opened(locate(f"{azurite.url}/{container}"), environ=environment(azurite)) as store:
        assert list(await sizes(store)) == [f"{i:03}" for i in range(30)]
        assert store.requests == {"LIST": 5}


async def test_a_listing_tells_etag_and_time(azurite: Azurite) -> None:
    container = azurite.container({"a": b"x"})
    async with opened(locate(f"{azurite.url}/{container}"), environ=environment(azurite)) as store:
        (page,) = [page async for page in store.pages()]
    (row,) = page.to_pylist()
    assert row["modified"].year >= 2024
    assert row["etag"]


async def test_content_encoding_is_left_alone(azurite: Azurite) -> None:
    import gzip

    from azure.storage.blob import BlobServiceClient, ContentSettings

    data = gzip.compress(b"a,b\n1,2\n")
    container = azurite.container({})
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        blob = service.get_blob_client(container, "a.csv.gz")
        blob.upload_blob(data, content_settings=ContentSettings(content_encoding="gzip"))
    async with opened(locate(f"{azurite.url}/{container}"), environ=environment(azurite)) as store:
        assert await everything(store) == {"a.csv.gz": data}


async def test_a_public_container_needs_no_credentials(azurite: Azurite) -> None:
    container = azurite.container({"a": b"x"}, public=True)
    async with opened(locate(f"{azurite.url}/{container}")) as store:
        assert await everything(store) == {"a": b"x"}


async def test_a_private_container_says_what_was_looked_for(azurite: Azurite) -> None:
    location = locate(f"{azurite.url}/{azurite.container({'a': b'x'})}")
    async with opened(location) as store:
        with pytest.raises(SourceError, match="without credentials") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.DENIED
    assert "AZURE_STORAGE_CONNECTION_STRING" in caught.value.hint


async def test_a_wrong_key(azurite: Azurite) -> None:
    canary = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktMDEyMzQ1Njc4OQ=="
    location = locate(f"{azurite.url}/{azurite.container({'a': b'x'})}")
    environ = {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": canary}
    async with opened(location, environ=environ) as store:
        with pytest.raises(SourceError) as caught:
            await sizes(store)
        assert store.requests == {"LIST": 1}
    error = caught.value
    assert not error.transient
    assert location.shown in error.message
    assert "AZURE_STORAGE_ACCOUNT_KEY" in error.hint
    assert location.container in error.hint
    assert canary not in f"{error.message} {error.hint} {vars(store)}"


async def test_a_key_that_is_no_key(azurite: Azurite) -> None:
    location = locate(f"{azurite.url}/lake")
    connection = Connection("lake", account=ACCOUNT, account_key="not base64!")
    async with opened(location, connection) as store:
        with pytest.raises(SourceError) as caught:
            await sizes(store)
    assert caught.value.fault is Fault.CREDENTIALS
    assert "connection lake" in caught.value.hint


async def test_an_expired_sas_says_so(azurite: Azurite) -> None:
    container = azurite.container({"a": b"x"})
    sas = azurite.sas(container, lasting=timedelta(minutes=-5))
    location = locate(f"{azurite.url}/{container}?{sas}")
    async with opened(location) as store:
        with pytest.raises(SourceError, match="expired") as caught:
            await sizes(store)
    error = caught.value
    assert error.fault is Fault.CREDENTIALS
    assert "the SAS in the URL" in error.hint
    assert sas.rpartition("sig=")[2] not in f"{error.message} {error.hint}"


async def test_a_sas_that_may_not_list(azurite: Azurite) -> None:
    container = azurite.container({"a": b"x"})
    location = locate(f"{azurite.url}/{container}?{azurite.sas(container, permissions='r')}")
    async with opened(location) as store:
        with pytest.raises(SourceError, match="denied") as caught:
            await sizes(store)
    assert caught.value.fault in (Fault.DENIED, Fault.CREDENTIALS)
    assert "check that they may list" in caught.value.hint


async def test_no_such_container_path_or_server(azurite: Azurite) -> None:
    async with opened(locate(f"{azurite.url}/nowhere"), environ=environment(azurite)) as store:
        with pytest.raises(SourceError, match="no container or bucket `nowhere`") as container:
            await sizes(store)
    url = f"{azurite.url}/{azurite.container({'a': b'x'})}/nothing"
    async with opened(locate(url), environ=environment(azurite)) as store:
        with pytest.raises(SourceError, match="nothing is stored under") as path:
            await sizes(store)
    nobody = f"http://127.0.0.1:{free_port()}/{ACCOUNT}/lake"
    async with opened(locate(nobody)) as store:
        with pytest.raises(SourceError, match="does not accept connections") as server:
            await sizes(store)
    assert container.value.fault is path.value.fault is Fault.NOT_FOUND
    assert server.value.transient
    assert not container.value.transient


async def test_a_blob_that_vanished_or_shrank(azurite: Azurite) -> None:
    container = azurite.container({"short": b"1234"})
    async with opened(locate(f"{azurite.url}/{container}"), environ=environment(azurite)) as store:
        await sizes(store)
        with pytest.raises(SourceError, match="gone") as gone:
            await store.read("gone", [(0, 8)])
        with pytest.raises(SourceError, match="changed since it was listed"):
            await store.read("short", [(2, 8)])
        with pytest.raises(SourceError, match="changed since it was listed"):
            await store.read("short", [(8, 9)])
    assert gone.value.fault is Fault.NOT_FOUND


async def test_an_account_that_nothing_names() -> None:
    with pytest.raises(SourceError, match="names no storage account") as caught:
        async with opened(locate("az://lake/x", environ={})):
            pass
    assert caught.value.fault is Fault.CREDENTIALS


async def test_a_key_of_the_connection(azurite: Azurite) -> None:
    container = azurite.container({"a": b"x"})
    connection = Connection("lake", account=ACCOUNT, account_key=KEY, endpoint_url=azurite.url)
    async with opened(locate(f"az://{container}", connection=connection), connection) as store:
        assert await everything(store) == {"a": b"x"}


def test_names_that_xml_cannot_hold_are_decoded() -> None:
    page = page_of(
        b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><EnumerationResults><Blobs>"
        b"<Blob><Name Encoded='true'>a%01b%2F</Name><Properties><Content-Length>3</Content-Length></Properties></Blob>"
        b"<Blob><Name>a%01b</Name><Properties><Content-Length>0</Content-Length></Properties></Blob>"
        b"</Blobs><NextMarker>more</NextMarker></EnumerationResults>"
    )
    assert page.keys == ["a\x01b/", "a%01b"]
    assert page.sizes == [3, 0]
    assert page.token == "more"
