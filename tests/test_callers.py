"""What a caller of the API may name, and with whose credentials it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.caller_rules import CallerRules
from core.callers import ANONYMOUS, reach, refusals
from core.connections import Connection
from core.payload.load import check
from core.settings import Settings, load_settings
from core.sources.credentials import azure_credential, s3_credential
from core.sources.guard import Refused
from core.sources.place import Kind

CONFIG = """
[connections.lake]
kind = "aws_s3"
endpoint_url = "http://10.1.1.1:9000"
access_key_id = "key"
secret_access_key = "canary-secret-key"

[connections.erp]
url = "postgresql://reader:canary-password@10.1.1.2/erp?sslmode=require&options=-csearch_path%3Dsales"

[connections.server]
url = "postgresql://reader:canary-password@10.1.1.2"

[connections.closed]
kind = "aws_s3"
"""
SQL = ("postgresql", "mysql", "mariadb", "mssql")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "open").mkdir()
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a.csv").write_text("x\n1\n")
    (tmp_path / "open" / "way-out").symlink_to(tmp_path / "closed")
    return load_settings(
        home=str(tmp_path),
        overrides={
            "api_roots": [str(tmp_path / "open")],
            "api_connections": ["lake", "erp", "server"],
            "api_hosts": ["10.9.0.0/16", "db.internal"],
        },
        environ={},
    )


def asked(settings: Settings, path: str, kind: str = "auto", connection: str | None = None):
    return reach(path.replace("HOME", str(settings.home)), kind, connection, settings, CallerRules.of(settings))


@pytest.mark.parametrize(
    ("path", "kind", "connection"),
    [
        # Files of the server.
        ("/etc/passwd", "auto", None),
        ("file:///etc/passwd", "auto", None),
        ("file://localhost/etc/passwd", "auto", None),
        ("~/x", "auto", None),
        ("/proc/self/environ", "auto", None),
        ("HOME/open/../closed", "auto", None),
        ("HOME/open/way-out", "auto", None),
        ("HOME/open-not", "auto", None),
        ("HOME", "auto", None),
        ("dbfs:/x", "auto", None),
        ("sqlite:////etc/x.db", "auto", None),
        ("sqlite:///HOME/open/x.db?mode=rwc", "auto", None),
        ("sqlite:///:memory:", "auto", None),
        ("sqlite:///file:/etc/x.db", "auto", None),
        ("duckdb:///md:prod", "auto", None),
        ("duckdb:////etc/x.duckdb", "auto", None),
        ("/etc/x.db", "sqlite", None),
        # Addresses inside.
        ("http://127.0.0.1:8080/x", "auto", None),
        ("http://[::1]/x", "auto", None),
        ("http://[::ffff:169.254.169.254]/x", "auto", None),
        ("https://169.254.169.254/latest/meta-data", "auto", None),
        ("http://10.0.0.1/x", "auto", None),
        ("https://example.com/folder/", "auto", None),
        ("https://127.0.0.1.s3.amazonaws.com.example/x/", "auto", None),
        ("http://127.0.0.1:10000/devstoreaccount1/c", "auto", None),
        ("http://10.1.1.1:9001/bucket", "aws_s3", None),
        ("https://192.168.1.1/container/x", "azure_blob", None),
        ("http://10.1.1.1:9001/bucket", "aws_s3", "lake"),
        *((f"{kind}://u:p@127.0.0.1/d", "auto", None) for kind in SQL),
        # Drivers that read files here, connect elsewhere than they say, or to a socket.
        ("memory://x", "auto", None),
        ("ftp://example.com/x", "auto", None),
        ("simplecache::file:///etc/passwd", "auto", None),
        ("https://example.com/x::file:///etc/passwd", "auto", None),
        ("gs://x::file:///etc/passwd", "auto", None),
        ("reference://x", "auto", None),
        ("postgresql:///d", "auto", None),
        ("postgresql://u:p@/d?host=/var/run/postgresql", "auto", None),
        ("postgresql://u:p@example.com/d?hostaddr=127.0.0.1", "auto", None),
        ("postgresql://u:p@example.com/d?host=127.0.0.1", "auto", None),
        ("postgresql://u:p@example.com/d?sslrootcert=/etc/passwd", "auto", None),
        ("postgresql://u:p@example.com/d?service=prod", "auto", None),
        ("postgresql+asyncpg://u:p@example.com/d", "auto", None),
        ("mysql://u:p@example.com/d?unix_socket=/run/mysqld.sock", "auto", None),
        ("mysql://u:p@example.com/d?read_default_file=/root/.my.cnf", "auto", None),
        ("mysql://u:p@example.com/d?local_infile=1", "auto", None),
        ("mysql+pyodbc:///?odbc_connect=DRIVER", "auto", None),
        ("access+pyodbc://x", "auto", None),
        ("oracle://u:p@example.com/d", "auto", None),
        ("snowflake://u:p@127.0.0.1:80/d", "auto", None),
        ("snowflake://u:p@x.snowflakecomputing.com.example.com/d", "auto", None),
        # Variables of the server.
        ("postgresql://u:${AWS_SECRET_ACCESS_KEY}@example.com/d", "auto", None),
        ("${HOME}/x", "auto", None),
        ("databricks://token:x@adb-1.2.azuredatabricks.net/main?http_path=/x&auth_type=%24%7BHOME%7D", "auto", None),
        ("databricks://token:%24%7BHOME%7D@adb-1.2.azuredatabricks.net/main?http_path=/x", "auto", None),
        # Where libraries do not agree on the host.
        (r"databricks://token:x@169.254.169.254\.databricks.com/main?http_path=/x", "auto", None),
        ("databricks://[/main", "auto", None),
        ("snowflake://u:p@127.0.0.1#/d", "auto", None),
        # The operator's connections and logins.
        ("s3://bucket/x", "auto", "closed"),
        ("s3://bucket/x", "auto", "unknown"),
        ("postgresql://reader@example.com/erp", "auto", "erp"),
        ("postgresql://reader@10.1.1.2:6666/erp", "auto", "erp"),
        ("erp?host=example.com", "database", "server"),
        ("erp?passfile=/etc/passwd", "database", "server"),
        ("https://example.com/file.csv", "auto", "lake"),
        ("main.sales", "databricks", None),
        ("databricks://adb-1.2.azuredatabricks.net/main?http_path=/x", "auto", None),
        ("databricks://token:dapi1@example.com/main?http_path=/x", "auto", None),
        ("databricks://token:dapi1@127.0.0.1/main?http_path=/x", "auto", None),
        ("databricks://token:dapi1@adb-1.2.azuredatabricks.net/main?ca_file=/etc/passwd", "auto", None),
        ("databricks://token:dapi1@adb-1.2.azuredatabricks.net/main?ca%5ffile=/etc/passwd", "auto", None),
    ],
)
def test_refused(settings: Settings, path: str, kind: str, connection: str | None) -> None:
    with pytest.raises(Refused) as caught:
        asked(settings, path, kind, connection)
    assert caught.value.hint
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("path", "kind", "connection"),
    [
        ("HOME/open", "auto", None),
        ("HOME/open/deeper/x.csv", "auto", None),
        ("file://HOME/open", "auto", None),
        ("sqlite:///HOME/open/x.db", "auto", None),
        ("https://account.blob.core.windows.net/c/x", "auto", None),
        ("abfss://c@account.dfs.core.windows.net/x", "auto", None),
        ("s3://bucket/${x}/y", "auto", None),
        ("https://bucket.s3.eu-west-1.amazonaws.com/x", "auto", None),
        ("gs://bucket/x", "auto", None),
        ("s3://bucket/x", "auto", "lake"),
        ("http://10.1.1.1:9000/bucket/x", "aws_s3", "lake"),
        ("erp", "database", "erp"),
        ("erp", "database", "server"),
        ("postgresql://reader@10.1.1.2/erp", "auto", "erp"),
        ("snowflake://u:p@xy12345.eu-west-1/d?warehouse=w", "auto", None),
        ("databricks://token:dapi1@adb-1.2.azuredatabricks.net/main?http_path=/x", "auto", None),
    ],
)
def test_let_through_as_they_are(settings: Settings, path: str, kind: str, connection: str | None) -> None:
    found = asked(settings, path, kind, connection)
    assert found.host is None and found.connection is not ANONYMOUS


@pytest.mark.parametrize(
    ("path", "kind", "host"),
    [
        ("https://example.com/file.csv", "auto", "example.com"),
        ("https://minio.example.com/bucket/x", "aws_s3", "minio.example.com"),
        ("https://files.example.com/container/x", "azure_blob", "files.example.com"),
        ("http://10.9.1.1:9000/bucket", "aws_s3", "10.9.1.1"),
        ("postgresql://u:p@db.internal/d?sslmode=require", "auto", "db.internal"),
        ("mysql://u:p@example.com/d", "auto", "example.com"),
    ],
)
def test_a_host_that_a_caller_names_is_guarded_and_sees_no_credentials_of_the_server(
    settings: Settings, path: str, kind: str, host: str
) -> None:
    found = asked(settings, path, kind)
    assert found.guard is not None and found.host == host
    assert found.connection is ANONYMOUS


@pytest.mark.parametrize(
    ("path", "kind", "own"),
    [
        ("s3://bucket", "auto", Connection("given", endpoint_url="https://evil.example")),
        ("https://evil.example/bucket", "aws_s3", Connection("given", region="eu-west-1")),
        ("https://evil.example/bucket", "aws_s3", Connection("given", access_key_id="half")),
        ("https://evil.example/container", "azure_blob", Connection("given", region="x")),
        ("az://c/x", "auto", Connection("given", connection_string="BlobEndpoint=https://evil.example;x=y")),
    ],
)
def test_credentials_that_are_none_do_not_bring_the_servers_along(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str, kind: str, own: Connection
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    monkeypatch.setenv("AZURE_CLIENT_ID", "x")
    found = reach(path, kind, None, settings, CallerRules.of(settings), own=own)
    assert found.host == "evil.example" and found.connection is not None and found.guard is not None
    if found.location.kind is Kind.S3:
        credential = s3_credential(found.location, found.connection)
        assert credential.anonymous and credential.secret_access_key is None
    else:
        assert azure_credential(found.location, found.connection).anonymous


def test_an_operator_has_no_rules(settings: Settings) -> None:
    assert reach("/etc/passwd", "auto", None, settings).location.path == "/etc/passwd"
    assert reach("http://127.0.0.1:1/x", "auto", None, settings).guard is None


def test_every_refusal_of_a_payload_by_its_place(settings: Settings) -> None:
    payload = {
        "workflow_id": "w",
        "sources": [
            {"source_id": "fine", "data_source_path": f"{settings.home}/open"},
            {"source_id": "file", "data_source_path": "/etc/passwd"},
            {"source_id": "name", "data_source_path": "http://localhost:1/x"},
            {"source_id": "closed", "data_source_path": "s3://b", "connection": "closed"},
        ],
        "job_metadata": {"databricks_credentials": {"server_hostname": "127.0.0.1", "access_token": "canary-token-1"}},
    }
    job = check(payload).accepted()
    found = refusals(job, settings, CallerRules.of(settings))
    assert sorted(problem.path for problem in found) == [
        "job_metadata.databricks_credentials",
        "sources[1].data_source_path",
        "sources[2].data_source_path",
        "sources[3].connection",
    ]
    single = check({"workflow_id": "w", "data_source_path": "/etc/passwd"}).accepted()
    assert [problem.path for problem in refusals(single, settings, CallerRules.of(settings))] == ["data_source_path"]
    inner = check({"workflow_id": "w", "job_metadata": {"sources": payload["sources"][1:2]}}).accepted()
    assert [p.path for p in refusals(inner, settings, CallerRules.of(settings))] == [
        "job_metadata.sources[0].data_source_path"
    ]


@pytest.mark.parametrize(
    "login",
    [
        {"catalog": "prod"},
        {"server_hostname": "example.com", "access_token": "t"},
        {"host": "adb-1.2.azuredatabricks.net.example.com", "token": "t"},
        {"server_hostname": "adb-1.2.azuredatabricks.net", "access_token": "${DATABRICKS_TOKEN}"},
        {"server_hostname": "adb-1.2.azuredatabricks.net", "access_token": "t", "ca_file": "/etc/passwd"},
        {"server_hostname": "127.0.0.1\\.databricks.com", "access_token": "t"},
        {"server_hostname": "[", "access_token": "t"},
        {"server_hostname": "adb-1.2.azuredatabricks.net", "access_token": "t", "auth_type": "external-browser"},
        # An empty value of one name over another name of the same.
        {"token": "t", "access_token": "", "catalog": "prod", "schema": "hr"},
    ],
)
def test_a_login_to_databricks_that_is_not_the_callers_own(settings: Settings, login: dict[str, str]) -> None:
    job = check(
        {"workflow_id": "w", "data_source_path": "s3://b", "job_metadata": {"databricks_credentials": login}}
    ).accepted()
    assert refusals(job, settings, CallerRules.of(settings))


def test_rules_are_stored_as_they_are(settings: Settings) -> None:
    rules = CallerRules.of(settings)
    assert CallerRules.from_text(rules.text()) == rules
