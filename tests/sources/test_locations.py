"""Every way to write a place, and what is said about those that are none."""

import dataclasses
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.connections import Connection
from core.errors import NuvynError, SourceError, UsageError
from core.payload.models import SOURCE_TYPES
from core.sources.locations import Kind, Location, format_of, locate

SAS = "sv=2024-11-04&sp=rl&sig=Zm9vYmFy%2Bcanary%3D"
KEYS = ["a b.csv", "a?b", "a#b", "100%", "a%20b", "[x]", "a+b", "a&b=c", "//x", "/x", "ü/日本", "x/", "a:b@c"]


def place(path: str, source_type: str = "auto", **more: object) -> Location:
    return locate(path, source_type, **({"environ": {}} | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "container", "key", "account", "endpoint"),
    [
        ("https://acc.blob.core.windows.net/c", "c", "", "acc", None),
        ("https://acc.blob.core.windows.net/c/", "c", "", "acc", None),
        ("https://acc.blob.core.windows.net/c/p/q", "c", "p/q", "acc", None),
        ("https://ACC.Blob.core.windows.net/c//p", "c", "/p", "acc", None),
        ("https://acc.dfs.core.windows.net/c/p", "c", "p", "acc", None),
        ("https://acc.blob.core.windows.net/%24web/x", "$web", "x", "acc", None),
        ("https://acc.blob.core.windows.net/c?restype=container&comp=list", "c", "", "acc", None),
        ("acc.blob.core.windows.net/c/p", "c", "p", "acc", None),
        ("https://acc.blob.core.chinacloudapi.cn/c", "c", "", "acc", "https://acc.blob.core.chinacloudapi.cn"),
        ("https://acc.z6.blob.storage.azure.net/c", "c", "", "acc", "https://acc.z6.blob.storage.azure.net"),
        ("abfs://c@acc.dfs.core.windows.net/p", "c", "p", "acc", None),
        ("abfss://c@acc.dfs.core.windows.net", "c", "", "acc", None),
        ("wasbs://c@acc.blob.core.windows.net/p", "c", "p", "acc", None),
        ("abfss://c@acc.dfs.core.usgovcloudapi.net/p", "c", "p", "acc", "https://acc.blob.core.usgovcloudapi.net"),
        ("abfss://c@acc/p", "c", "p", "acc", None),
        ("az://acc.blob.core.windows.net/c/p", "c", "p", "acc", None),
        ("az://c/p", "c", "p", None, None),
        ("abfs://c/p", "c", "p", None, None),
        (
            "http://127.0.0.1:10000/devstoreaccount1/c/p",
            "c",
            "p",
            "devstoreaccount1",
            "http://127.0.0.1:10000/devstoreaccount1",
        ),
        (
            "http://devstoreaccount1.blob.localhost:10000/c/p",
            "c",
            "p",
            "devstoreaccount1",
            "http://devstoreaccount1.blob.localhost:10000",
        ),
    ],
)
def test_azure(path: str, container: str, key: str, account: str | None, endpoint: str | None) -> None:
    for source_type in ("auto", "azure_blob", "parquet"):
        found = place(path, source_type)
        assert found.kind is Kind.AZURE
        assert (found.container, found.path, found.account, found.endpoint) == (container, key, account, endpoint)
        assert found.shown == path


@pytest.mark.parametrize("host", ["acc.blob.core.windows.net", "127.0.0.1:10000/devstoreaccount1"])
def test_a_sas_is_taken_out_of_the_url(host: str) -> None:
    found = place(f"https://{host}/c/p?{SAS}")
    assert (found.container, found.path) == ("c", "p")
    assert found.secrets == {"sas": SAS}
    assert found.shown == f"https://{host}/c/p?sv=2024-11-04&sp=rl&sig=***"
    assert "canary" not in repr(found)


def test_azure_on_other_hosts_needs_the_type() -> None:
    found = place("http://azurite:10000/acc/c/p", "azure_blob")
    assert (found.account, found.container, found.path) == ("acc", "c", "p")
    assert found.endpoint == "http://azurite:10000/acc"
    own = place("https://data.contoso.com/c/p", connection=Connection("x", kind="azure_blob"))
    assert (own.kind, own.account, own.container, own.path) == (Kind.AZURE, None, "c", "p")
    assert own.endpoint == "https://data.contoso.com"


@pytest.mark.parametrize(
    ("path", "bucket", "key", "region"),
    [
        ("s3://b", "b", "", None),
        ("s3a://b/k/", "b", "k/", None),
        ("s3n://b//k", "b", "/k", None),
        ("https://b.s3.amazonaws.com/k", "b", "k", None),
        ("https://b.with.dots.s3.eu-west-1.amazonaws.com/k", "b.with.dots", "k", "eu-west-1"),
        ("https://b.s3-us-west-2.amazonaws.com/k", "b", "k", "us-west-2"),
        ("https://b.s3.dualstack.us-gov-west-1.amazonaws.com/k", "b", "k", "us-gov-west-1"),
        ("https://b.s3-accelerate.amazonaws.com/k", "b", "k", None),
        ("https://b.s3.cn-north-1.amazonaws.com.cn/k", "b", "k", "cn-north-1"),
        ("https://s3.amazonaws.com/b/k", "b", "k", None),
        ("https://s3.eu-central-1.amazonaws.com/b", "b", "", "eu-central-1"),
        ("https://s3-eu-west-1.amazonaws.com/b//k", "b", "/k", "eu-west-1"),
        ("b.s3.amazonaws.com/k", "b", "k", None),
        (
            "s3://arn:aws:s3:us-west-2:123456789012:accesspoint/name/k",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/name",
            "k",
            None,
        ),
    ],
)
def test_s3(path: str, bucket: str, key: str, region: str | None) -> None:
    for source_type in ("auto", "aws_s3", "csv"):
        found = place(path, source_type)
        assert found.kind is Kind.S3
        assert (found.container, found.path, found.region, found.endpoint) == (bucket, key, region, None)
        assert found.shown == path


def test_s3_on_other_hosts_needs_the_type_a_connection_or_the_environment() -> None:
    url = "http://127.0.0.1:9000/b/k%20x"
    connection = Connection("minio", kind="aws_s3", endpoint_url="http://127.0.0.1:9000/")
    for found in (
        place(url, "aws_s3"),
        place(url, connection=connection),
        place(url, environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}),
    ):
        assert (found.kind, found.container, found.path) == (Kind.S3, "b", "k x")
        assert found.endpoint == "http://127.0.0.1:9000"
    below = place("https://host/api/s3/b/k", environ={"AWS_ENDPOINT_URL_S3": "https://host/api/s3"})
    assert (below.container, below.path, below.endpoint) == ("b", "k", "https://host/api/s3")
    assert place(url).kind is Kind.OTHER


def test_a_presigned_url_is_one_file_on_the_web() -> None:
    url = "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIAcanary&X-Amz-Signature=canary12"
    for source_type in ("auto", "aws_s3"):
        found = place(url, source_type)
        assert (found.kind, found.scheme, found.url) == (Kind.OTHER, "https", url)
        assert "canary" not in repr(found)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_taken_as_it_is_except_in_a_web_address(key: str) -> None:
    assert place(f"s3://b/{key}").path == key
    assert place(f"az://c/{key}").path == key
    assert place(f"abfss://c@a.dfs.core.windows.net/{key}").path == key
    assert place(f"https://b.s3.amazonaws.com/{quote(key)}").path == key
    assert place(f"https://a.blob.core.windows.net/c/{quote(key)}?{SAS}").path == key


@pytest.mark.parametrize("key", ["a b", "a?b", "a#b", "100%", "ü"])
def test_a_key_left_unencoded_in_a_web_address_is_still_found(key: str) -> None:
    assert place(f"https://a.blob.core.windows.net/c/{key}").path == key
    assert place(f"https://a.blob.core.windows.net/c/{key}?{SAS}").path == key


def test_local_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    cases = {
        "/lake/x y": "/lake/x y",
        "/lake/a%20b?c#d": "/lake/a%20b?c#d",
        "lake": f"{tmp_path}/lake",
        "./lake/": f"{tmp_path}/lake",
        ".": f"{tmp_path}",
        "token=a": f"{tmp_path}/token=a",
        "a:b": f"{tmp_path}/a:b",
        "~/lake": "/home/somebody/lake",
        "~nobody-of-that-name": f"{tmp_path}/~nobody-of-that-name",
        "/Volumes/main/x": "/Volumes/main/x",
        "/dbfs/mnt/x": "/dbfs/mnt/x",
        "dbfs:/mnt/x": "/dbfs/mnt/x",
        "dbfs:/Volumes/main/x": "/Volumes/main/x",
        "file:///lake/x": "/lake/x",
        "file:/lake/x": "/lake/x",
        "file://localhost/lake/x": "/lake/x",
        "file:///C:/lake": "C:/lake",
        "C:\\lake\\x": "C:\\lake\\x",
        "d:/lake": "d:/lake",
    }
    for path, expected in cases.items():
        for source_type in ("auto", "local_filesystem", "csv"):
            found = place(path, source_type)
            assert (found.kind, found.path, found.shown) == (Kind.LOCAL, expected, path)


def test_a_file_url_may_be_encoded(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    assert place((tmp_path / "a b").as_uri()).path == str(tmp_path / "a b")
    (tmp_path / "a%20b").mkdir()
    assert place(f"file://{tmp_path}/a%20b").path == str(tmp_path / "a%20b")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        ("gs://b/k", "gs"),
        ("hf://datasets/x", "hf"),
        ("memory://x/y", "memory"),
        ("https://example.org/a.csv", "https"),
        ("sftp://user@host/x", "sftp"),
        ("simplecache::https://example.org/a.csv", "simplecache"),
    ],
)
def test_other_places_of_fsspec(path: str, scheme: str) -> None:
    found = place(path)
    assert (found.kind, found.scheme, found.url, found.shown) == (Kind.OTHER, scheme, path, path)


def test_the_secrets_of_another_url_are_in_its_url_only() -> None:
    found = place("ftp://user:canary-canary@host/x")
    assert found.url == "ftp://user:canary-canary@host/x"
    assert (found.path, found.shown) == ("user:***@host/x", "ftp://user:***@host/x")
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("path", "source_type", "scheme", "url"),
    [
        ("postgresql://u@h/d", "auto", "postgresql", "postgresql://u@h/d"),
        ("postgres://h/d", "postgresql", "postgresql", "postgresql://h/d"),
        ("mysql+pymysql://h/d", "database", "mysql", "mysql+pymysql://h/d"),
        ("mariadb://h/d", "mysql", "mariadb", "mariadb://h/d"),
        ("mssql+pyodbc://h/d?driver=x", "mssql", "mssql", "mssql+pyodbc://h/d?driver=x"),
        ("snowflake://a/d", "snowflake", "snowflake", "snowflake://a/d"),
        ("databricks://h?http_path=/x", "databricks", "databricks", "databricks://h?http_path=/x"),
        ("sqlite:////lake/x.db", "sqlite", "sqlite", "sqlite:////lake/x.db"),
        ("duckdb:///:memory:", "auto", "duckdb", "duckdb:///:memory:"),
        ("/lake/x.db", "sqlite", "sqlite", "sqlite:////lake/x.db"),
        ("/lake/x.duckdb", "duckdb", "duckdb", "duckdb:////lake/x.duckdb"),
        ("newdb+driver://h/d", "auto", "newdb", "newdb+driver://h/d"),
        ("newdb://h/d", "database", "newdb", "newdb://h/d"),
    ],
)
def test_databases(path: str, source_type: str, scheme: str, url: str) -> None:
    found = place(path, source_type)
    assert (found.kind, found.scheme, found.url, found.shown) == (Kind.DATABASE, scheme, url, path)


def test_a_database_file_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place("sqlite:///x.db").url == f"sqlite:///{tmp_path}/x.db"
    assert place("x.db", "sqlite").url == f"sqlite:///{tmp_path}/x.db"


def test_a_tilde_of_nobody_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert place("~nobody-of-that-name", "sqlite").path == f"{tmp_path}/~nobody-of-that-name"


def test_a_databases_password_is_hidden_and_found() -> None:
    found = place("postgresql://u:can%40ary@h:5432/d?sslpassword=canary-2")
    assert found.secrets == {"password": "can@ary"}
    assert found.shown == "postgresql://u:***@h:5432/d?sslpassword=***"
    assert "canary" not in repr(found)
    assert "can%40ary" not in repr(found)


def test_an_unencoded_at_sign_in_a_password_is_encoded() -> None:
    found = place("postgresql://u:p@ss@h/d")
    assert found.url == "postgresql://u:p%40ss@h/d"
    assert found.shown == "postgresql://u:***@h/d"


def test_variables_are_resolved_in_database_urls_only() -> None:
    environ = {"PW": "p@ss-canary", "LAKE": "s3://b/k", "DB": "mysql://u:canary-x@h/d"}
    found = place("postgresql://u:${PW}@h/d", environ=environ)
    assert found.secrets == {"password": "p@ss-canary"}
    assert found.shown == "postgresql://u:${PW}@h/d"
    assert place("${DB}", environ=environ).kind is Kind.DATABASE
    assert "canary" not in repr(place("${DB}", environ=environ))
    lake = place("${LAKE}/x", environ=environ)
    assert (lake.kind, lake.path, lake.shown) == (Kind.S3, "k/x", "${LAKE}/x")
    assert place("s3://b/${PW}", environ=environ).path == "${PW}"
    with pytest.raises(UsageError, match="MISSING"):
        place("mysql://u:${MISSING}@h/d")


def test_a_connection_gives_what_a_database_url_leaves_out() -> None:
    connection = Connection("shop", url="postgresql://u@h/d", password="canary@1")
    assert place("postgresql://u@h/d", connection=connection).url == "postgresql://u:canary%401@h/d"
    assert place("postgresql://u:own-password@h/d", connection=connection).secrets == {"password": "own-password"}
    assert place("d", "postgresql", connection=connection).url == "postgresql://u:canary%401@h/d"
    server = Connection("shop", kind="database", url="postgresql://u@h?a=b")
    assert place("orders", connection=server).url == "postgresql://u@h/orders?a=b"


@pytest.mark.parametrize(
    ("path", "source_type"),
    [
        ("https://a.blob.core.windows.net/c", "aws_s3"),
        ("s3://b", "azure_blob"),
        ("s3://b", "local_filesystem"),
        ("/lake", "aws_s3"),
        ("lake", "azure_blob"),
        ("gs://b", "aws_s3"),
        ("s3://b/x.db", "sqlite"),
        ("s3://b", "database"),
        ("/lake", "postgresql"),
        ("/lake", "database"),
        ("mysql://h/d", "postgresql"),
        ("postgresql://h/d", "local_filesystem"),
        ("", "auto"),
        (" ", "auto"),
        ("s3://", "auto"),
        ("s3:///k", "auto"),
        ("s3://AKIA:canary-key@b/k", "auto"),
        ("https://a.blob.core.windows.net", "auto"),
        ("https://a.blob.core.windows.net//x", "auto"),
        ("abfss://@a.dfs.core.windows.net/x", "auto"),
        ("http://127.0.0.1:10000/devstoreaccount1", "auto"),
        ("https://s3.amazonaws.com/", "auto"),
        ("https:///x", "auto"),
        ("https://a.blob.core.windows.net/c/%ff", "auto"),
        ("file://server/share", "auto"),
        ("file://", "auto"),
        ("/a\0b", "auto"),
        ("s5://b/k", "auto"),
        ("jdbc:postgresql://h/d?password=canary", "auto"),
        ("nonsense://canary:canary@x", "auto"),
    ],
)
def test_a_path_that_cannot_be_placed_is_told_with_what_to_do(path: str, source_type: str) -> None:
    with pytest.raises(SourceError) as caught:
        place(path, source_type)
    assert caught.value.hint
    assert not caught.value.transient
    assert "canary-key" not in str(caught.value)
    assert "password=canary" not in str(caught.value)


@given(
    st.text()
    | st.builds("{}://{}".format, st.sampled_from(["s3", "az", "https", "file", "gs", "mysql", "x"]), st.text()),
    st.sampled_from(SOURCE_TYPES),
)
def test_any_path_is_placed_or_told(path: str, source_type: str) -> None:
    try:
        found = place(path, source_type)
    except NuvynError as error:
        assert error.message
        return
    assert found.shown
    assert dataclasses.replace(found) == found


def test_a_variable_that_names_itself_is_told() -> None:
    with pytest.raises(SourceError, match="names another"):
        locate("${LOOP}/x", environ={"LOOP": "${LOOP}"})


def test_formats_of_types() -> None:
    assert format_of("parquet") == "parquet"
    assert [format_of(name) for name in ("auto", "aws_s3", "postgresql")] == [None, None, None]
