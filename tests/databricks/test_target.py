"""Where to, and as whom: layers, what is missing, and secrets that stay where they were meant to go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.databricks.target import AuthKind, NotConfigured, Target, is_configured, target_of
from core.errors import UsageError
from core.settings import Settings

ENVIRON = {
    "DATABRICKS_SERVER_HOSTNAME": "adb-1.2.azuredatabricks.net",
    "DATABRICKS_HTTP_PATH": "sql/1.0/warehouses/w",
    "DATABRICKS_ACCESS_TOKEN": "dapi-environ-0123456789",
}


def of(settings: Settings, environ: dict[str, str], job: dict[str, Any] | None = None, **file: Any) -> Target:
    return target_of(replace(settings, databricks=file), job, environ=environ)


def test_the_environment_alone_is_enough(settings: Settings) -> None:
    found = of(settings, ENVIRON)
    assert (found.scheme, found.host, found.port, found.http_path) == (
        "https",
        "adb-1.2.azuredatabricks.net",
        443,
        "/sql/1.0/warehouses/w",
    )
    assert (found.place, found.auth, found.token) == (
        "hive_metastore._executor_metadata",
        AuthKind.PAT,
        "dapi-environ-0123456789",
    )
    assert "dapi" not in repr(found) and is_configured(settings, environ=ENVIRON)


def test_everything_that_is_missing_is_named_at_once(settings: Settings) -> None:
    assert not is_configured(settings, environ={})
    with pytest.raises(NotConfigured) as raised:
        of(settings, {})
    for name in ("DATABRICKS_SERVER_HOSTNAME", "DATABRICKS_HTTP_PATH", "DATABRICKS_ACCESS_TOKEN"):
        assert name in str(raised.value)
    with pytest.raises(NotConfigured, match="DATABRICKS_CLIENT_ID not set"):
        of(settings, {**ENVIRON, "DATABRICKS_ACCESS_TOKEN": "", "DATABRICKS_CLIENT_SECRET": "secret-0123456789"})


def test_the_environment_is_over_the_file_and_a_jobs_own_over_both(settings: Settings) -> None:
    file = {"catalog": "unity", "schema": "meta", "volume": "/Volumes/a/b/c/"}
    assert of(settings, ENVIRON, **file).place == "unity.meta"
    assert of(settings, ENVIRON, **file).volume == "/Volumes/a/b/c"
    assert of(settings, ENVIRON | {"NUVYN_DATABRICKS_CATALOG": "other"}, **file).place == "other.meta"
    job = {"token": "dapi-job-0123456789", "catalog": "own"}
    found = of(settings, ENVIRON, job, **file)
    assert (found.token, found.place, found.host) == ("dapi-job-0123456789", "own.meta", "adb-1.2.azuredatabricks.net")


def test_a_secret_goes_to_no_other_host_than_it_was_given_for(settings: Settings) -> None:
    with pytest.raises(NotConfigured, match="DATABRICKS_HTTP_PATH, DATABRICKS_ACCESS_TOKEN"):
        of(settings, ENVIRON, {"server_hostname": "elsewhere.example.com"})
    with pytest.raises(NotConfigured):
        of(
            settings,
            {"DATABRICKS_HOST": "elsewhere.example.com", "DATABRICKS_HTTP_PATH": "/x"},
            server_hostname="adb-1.2.azuredatabricks.net",
            access_token="dapi-file-0123456789",
        )


def test_a_credential_takes_the_place_of_one_of_another_kind(settings: Settings) -> None:
    job = {"client_id": "app", "client_secret": "secret-0123456789"}
    found = of(settings, ENVIRON, job)
    assert (found.auth, found.token, found.client_id) == (AuthKind.OAUTH_M2M, None, "app")
    azure = {"ARM_CLIENT_ID": "x", "ARM_CLIENT_SECRET": "y-0123456789", "ARM_TENANT_ID": "t"}
    found = of(settings, {**ENVIRON, "DATABRICKS_ACCESS_TOKEN": ""} | azure)
    assert (found.auth, found.client_id, found.tenant_id) == (AuthKind.AZURE_SP, "x", "t")


def test_the_browser_is_used_only_when_named(settings: Settings) -> None:
    bare = {**ENVIRON, "DATABRICKS_ACCESS_TOKEN": ""}
    with pytest.raises(NotConfigured):
        of(settings, bare)
    assert of(settings, bare | {"DATABRICKS_AUTH_TYPE": "databricks-oauth"}).auth is AuthKind.BROWSER


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ({"server_hostname": "http://adb-1.2.azuredatabricks.net"}, "without encryption"),
        ({"server_hostname": "https://user:pw@host"}, "no name of a Databricks server"),
        ({"server_hostname": "host/path"}, "no name of a Databricks server"),
        ({"volume": "/tmp/x"}, "no place in a volume"),
        ({"volume": "/Volumes/a/b/c'; DROP"}, "no place in a volume"),
        ({"auth_type": "magic"}, "no kind of login"),
        ({"catalog": "a`b"}, "no name of a catalog"),
        ({"ca_file": "/no/such.pem"}, "does not exist"),
        ({"access_token": "with\nbreak-0123456789"}, "characters that no token has"),
        ({"access_token": 3}, "must be text"),
        ({"access_token": "${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE is not set"),
    ],
)
def test_what_is_wrong_is_told(settings: Settings, tmp_path: Path, file: dict[str, Any], says: str) -> None:
    whole = {"server_hostname": "h.example.com", "http_path": "/x", "access_token": "dapi-file-0123456789"} | file
    with pytest.raises(UsageError, match=says) as raised:
        of(settings, {}, **whole)
    assert "pw" not in str(raised.value)


def test_a_loopback_server_may_be_spoken_to_plainly(settings: Settings) -> None:
    found = of(settings, {**ENVIRON, "DATABRICKS_SERVER_HOSTNAME": "http://127.0.0.1:8080/"})
    assert (found.scheme, found.port, found.address) == ("http", 8080, "http://127.0.0.1:8080")


def test_a_place_may_be_named_for_once(settings: Settings) -> None:
    assert target_of(settings, place="a.b", environ=ENVIRON).place == "a.b"
    assert target_of(settings, place="a", environ=ENVIRON).place == "a._executor_metadata"
    with pytest.raises(UsageError, match="no name of a schema"):
        target_of(settings, place="a.b.c", environ=ENVIRON)
