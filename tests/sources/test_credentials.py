"""The contract's order of credentials, and that none of them shows."""

from datetime import UTC, datetime

import pytest

from core.connections import Connection
from core.errors import Fault, SourceError
from core.secrets import mask
from core.sources.credentials import azure_credential, s3_credential
from core.sources.locations import locate

URL = "https://lakehouse.blob.core.windows.net/raw/sales"
SAS = "sv=2024-01-01&sp=rl&se=2030-01-01T00%3A00%3A00Z&sig=c2lnbmF0dXJlLW9mLXRoZS11cmw%3D"
KEY = "a2V5LW9mLXRoZS1hY2NvdW50LTAx"
STRING = f"DefaultEndpointsProtocol=https;AccountName=lakehouse;AccountKey={KEY};EndpointSuffix=core.windows.net"
EVERYTHING = {
    "AZURE_STORAGE_CONNECTION_STRING": STRING,
    "AZURE_STORAGE_ACCOUNT_NAME": "lakehouse",
    "AZURE_STORAGE_ACCOUNT_KEY": "a2V5LW9mLXRoZS1lbnZpcm9ubWVudA==",
    "AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=c2lnbmF0dXJlLW9mLXRoZS1lbnY%3D",
    "AZURE_CLIENT_ID": "someone",
}


def test_azure_takes_the_first_that_is_there() -> None:
    connection = Connection("lake", account_key="a2V5LW9mLXRoZS1jb25uZWN0aW9u")
    environ = dict(EVERYTHING)
    assert azure_credential(locate(f"{URL}?{SAS}"), connection, environ).described == "the SAS in the URL"
    location = locate(URL)
    assert azure_credential(location, connection, environ).described == "connection lake"
    found = []
    for name in (
        "AZURE_STORAGE_CONNECTION_STRING",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_ID",
    ):
        found.append(azure_credential(location, None, environ))
        del environ[name]
    found.append(azure_credential(location, None, environ))
    assert [credential.described for credential in found[:4]] == [
        "AZURE_STORAGE_CONNECTION_STRING",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_SAS_TOKEN",
        "azure-identity's default chain",
    ]
    assert [credential.anonymous for credential in found] == [False] * 4 + [True]
    assert {credential.account_url for credential in found} == {"https://lakehouse.blob.core.windows.net"}
    assert found[0].account_key == KEY
    assert found[2].sas == "sv=1&sig=c2lnbmF0dXJlLW9mLXRoZS1lbnY%3D"


def test_credentials_of_another_account_are_not_used() -> None:
    environ = dict(EVERYTHING)
    del environ["AZURE_CLIENT_ID"]
    found = azure_credential(locate(URL.replace("lakehouse", "another")), None, environ)
    assert found.anonymous
    assert found.account_url == "https://another.blob.core.windows.net"
    connection = Connection("lake", account="lakehouse", account_key=KEY)
    with pytest.raises(SourceError, match="another") as caught:
        azure_credential(locate(URL.replace("lakehouse", "another")), connection, {})
    assert caught.value.fault is Fault.CREDENTIALS
    string = Connection("lake", connection_string=STRING)
    with pytest.raises(SourceError, match="another"):
        azure_credential(locate(URL.replace("lakehouse", "another")), string, {})


def test_the_account_may_come_from_the_credentials() -> None:
    assert azure_credential(locate("az://raw", environ={}), None, {}).account_url is None
    environ = {"AZURE_STORAGE_CONNECTION_STRING": STRING}
    assert azure_credential(locate("az://raw", environ={}), None, environ).account == "lakehouse"
    government = STRING.replace("core.windows.net", "core.usgovcloudapi.net")
    connection = Connection("lake", connection_string=government)
    found = azure_credential(locate("az://raw", connection=connection, environ={}), connection, {})
    assert found.account_url == "https://lakehouse.blob.core.usgovcloudapi.net"


def test_a_url_from_a_browser_gives_only_its_signature() -> None:
    found = azure_credential(locate(f"{URL}?restype=container&comp=list&{SAS}"), None, {})
    assert found.sas == SAS
    assert found.expires == datetime(2030, 1, 1, tzinfo=UTC)


def test_an_anonymous_connection() -> None:
    connection = Connection("public", anonymous=True)
    assert azure_credential(locate(URL), connection, EVERYTHING).anonymous
    assert s3_credential(locate("s3://lake"), connection, {"AWS_ACCESS_KEY_ID": "a"}).anonymous


def test_s3_takes_the_first_that_is_there() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret-of-the-environment"}
    connection = Connection("lake", access_key_id="other", secret_access_key="secret-of-the-connection")
    location = locate("s3://lake/x")
    named = s3_credential(location, connection, environ)
    assert (named.described, named.access_key_id, named.chain) == ("connection lake", "other", False)
    keys = s3_credential(location, None, environ)
    assert (keys.access_key_id, keys.chain) == ("id", False)
    assert s3_credential(location, None, {}).chain
    assert s3_credential(location, Connection("lake", profile="p"), environ).profile == "p"
    with pytest.raises(SourceError, match="only one of"):
        s3_credential(location, Connection("lake", access_key_id="other"), environ)


def test_s3_endpoint_and_region() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://minio:9000", "AWS_REGION": "eu-north-1"}
    connection = Connection("lake", endpoint_url="http://ceph:8080", region="eu-west-2")
    location = locate("s3://lake/x")
    assert s3_credential(location, None, environ).endpoint == "http://minio:9000"
    assert s3_credential(location, connection, environ).endpoint == "http://ceph:8080"
    assert s3_credential(location, connection, environ).region == "eu-west-2"
    public = s3_credential(locate("https://lake.s3.eu-central-1.amazonaws.com/x"), None, environ)
    assert (public.endpoint, public.region, public.public) == (None, "eu-central-1", True)


def test_no_secret_shows() -> None:
    environ = EVERYTHING | {"AWS_SECRET_ACCESS_KEY": "secret-of-the-environment", "AWS_ACCESS_KEY_ID": "id"}
    connection = Connection("lake", account_key="a2V5LW9mLXRoZS1jb25uZWN0aW9u")
    shown = [
        repr(azure_credential(locate(f"{URL}?{SAS}"), None, {})),
        repr(azure_credential(locate(URL), connection, {})),
        repr(azure_credential(locate(URL), None, environ)),
        repr(s3_credential(locate("s3://lake"), None, environ)),
    ]
    secrets = ["c2lnbmF0dXJlLW9mLXRoZS11cmw=", "a2V5LW9mLXRoZS1jb25uZWN0aW9u", KEY, "secret-of-the-environment"]
    for secret in secrets:
        assert secret not in " ".join(shown)
        assert secret not in mask(f"the server said {secret} is wrong")
