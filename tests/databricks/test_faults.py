"""Whatever the network or the warehouse does, a sync ends exact or with an error that says what to change."""

from __future__ import annotations

import logging
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import databricks.sql.backend.thrift_backend  # noqa: F401 - caplog attaches to loggers that exist
import pytest

from core.databricks.faults import Trouble, WarehouseError
from core.databricks.target import AuthKind, Target, target_of
from core.errors import UsageError
from core.mirror.mirror import Mirror
from core.settings import Settings
from tests.databricks.conftest import Syncs, local_rows, remote_rows
from tests.databricks.test_sync import equal, fill
from tests.servers.warehouse import CLIENT, TOKEN, Warehouse


@pytest.fixture(autouse=True)
def filled(mirror: Mirror, tmp_path: Path) -> None:
    fill(mirror, tmp_path, "a", "b")


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        ("drop_before", 1),
        ("drop_after", 1),
        ("drop_after", 2),
        ("drop_poll", 1),
        ("session", 1),
        ("http_503", 2),
        ("conflict", 2),
    ],
)
@pytest.mark.parametrize(
    "statement", ["INSERT INTO .*`columns`", "INSERT INTO .*`sources`", "SELECT 'tables'", "CREATE"]
)
def test_a_transient_fault_is_overcome_and_the_rows_are_exact(
    mirror: Mirror,
    warehouse: Warehouse,
    target: Target,
    sync: Syncs,
    tmp_path: Path,
    kind: str,
    times: int,
    statement: str,
) -> None:
    other = Mirror(tmp_path / "other.duckdb")
    fill(other, tmp_path / "o", "kept", workflow="other")
    Syncs(other, tmp_path)(target)
    kept = remote_rows(warehouse, "workflow_id = 'other'")
    if statement == "CREATE":
        warehouse.engine.sql("DROP TABLE hive_metastore._executor_metadata.columns")
    warehouse.fail(kind, statement, times=times)
    result = sync(target)
    assert len(result.sent) == 2 and not any(fault.times for fault in warehouse.faults)
    assert local_rows(mirror) == remote_rows(warehouse, "workflow_id = 'w'")
    if statement != "CREATE":
        assert remote_rows(warehouse, "workflow_id = 'other'") == kept
    assert sync.last is not None and sync.last.progress.notes, "what was tried again is told"


def test_uploads_that_are_refused_for_a_while_are_sent_again(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.databricks.sync._VOLUME_FROM_ROWS", 1)
    monkeypatch.setattr("core.databricks.plan.MOST_ROWS", 1)
    warehouse.fail("upload_503", times=3)
    warehouse.fail("drop_after", "PUT", times=1)
    sync(replace(target, volume=warehouse.engine.volume))
    assert equal(mirror, warehouse) and warehouse.counts["uploads"] > 4
    assert not [path for path in warehouse.engine.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("privilege", "place", "hint"),
    [
        ("MODIFY", None, "MODIFY on hive_metastore._executor_metadata"),
        ("SELECT", None, "SELECT"),
        ("CREATE SCHEMA", None, "CREATE TABLE"),
        ("", "nowhere.meta", "--target"),
        ("legacy", None, "--target"),
    ],
)
def test_what_will_never_work_is_tried_once_and_says_what_to_change(
    warehouse: Warehouse, target: Target, sync: Syncs, privilege: str, place: str | None, hint: str
) -> None:
    if privilege == "SELECT":
        sync(target)
    warehouse.engine.denied = {privilege}
    warehouse.engine.legacy_disabled = privilege == "legacy"
    warehouse.statements.clear()
    catalog, _, schema = (place or target.place).partition(".")
    with pytest.raises(WarehouseError) as raised:
        sync(replace(target, catalog=catalog, schema=schema))
    assert hint in raised.value.hint and not raised.value.transient
    refused = warehouse.statements[-1]
    assert warehouse.statements.count(refused) == 1
    assert TOKEN not in f"{raised.value} {raised.value.hint}"


def test_a_wrong_token_and_a_wrong_path_name_their_settings(warehouse: Warehouse, target: Target, sync: Syncs) -> None:
    with pytest.raises(WarehouseError, match="HTTP 403") as raised:
        sync(replace(target, token="dapi-wrong-wrong-wrong"))
    assert "DATABRICKS_ACCESS_TOKEN" in raised.value.hint and "dapi-wrong" not in str(raised.value)
    with pytest.raises(WarehouseError, match="no warehouse at /sql/nowhere") as raised:
        sync(replace(target, http_path="/sql/nowhere"))
    assert "DATABRICKS_HTTP_PATH" in raised.value.hint
    assert warehouse.counts["sessions"] == 0


def test_a_server_that_is_not_there_is_told(target: Target, sync: Syncs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.databricks.warehouse._TRIES", {Trouble.NETWORK: 2})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(WarehouseError, match="refuses connections"):
        sync(replace(target, port=port))
    with pytest.raises(WarehouseError, match="no server called"):
        sync(replace(target, scheme="https", host="no-such-host.invalid", port=443))


def test_rows_that_arrive_otherwise_twice_are_an_error_and_no_mark_is_written(
    warehouse: Warehouse, target: Target, sync: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = warehouse.engine.run

    def lossy(statement: str, parameters: dict[str, object], zone: str = "UTC") -> object:
        found = run(statement, parameters, zone)
        if "INSERT INTO" in statement and "`columns`" in statement:
            warehouse.engine.sql("DELETE FROM hive_metastore._executor_metadata.columns WHERE position = 1")
        return found

    monkeypatch.setattr(warehouse.engine, "run", lossy)
    with pytest.raises(WarehouseError, match="columns of a, b are not equal"):
        sync(target)
    assert len(warehouse.sent("INSERT INTO .*`columns`")) == 2
    assert warehouse.engine.sql("SELECT * FROM hive_metastore._executor_metadata.sources") == []


def test_a_service_principal_logs_in_and_its_wrong_secret_is_told(
    mirror: Mirror, warehouse: Warehouse, settings: Settings, sync: Syncs
) -> None:
    variables = warehouse.environ(DATABRICKS_ACCESS_TOKEN="", DATABRICKS_CLIENT_ID=CLIENT[0])
    good = target_of(settings, environ=variables | {"DATABRICKS_CLIENT_SECRET": CLIENT[1]})
    assert good.auth is AuthKind.OAUTH_M2M
    sync(good)
    assert equal(mirror, warehouse) and warehouse.counts["tokens"] == 1
    bad = target_of(settings, environ=variables | {"DATABRICKS_CLIENT_SECRET": "wrong-secret-0123"})
    with pytest.raises(WarehouseError, match=f"service principal {CLIENT[0]}") as raised:
        sync(bad)
    assert "DATABRICKS_CLIENT_SECRET" in raised.value.hint and "wrong-secret" not in str(raised.value)


def test_the_log_holds_no_values_no_urls_and_no_token_even_at_debug(
    warehouse: Warehouse,
    target: Target,
    sync: Syncs,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.databricks.sync._VOLUME_FROM_ROWS", 1)
    monkeypatch.setattr("core.databricks.plan.MOST_ROWS", 1)
    warehouse.fail("upload_503", times=1)
    with caplog.at_level(logging.DEBUG):
        sync(replace(target, volume=warehouse.engine.volume))
    assert warehouse.counts["uploads"]
    for secret in (TOKEN, "X-Signature", "presigned", '"c0"', "REPLACE WHERE"):
        assert secret not in caplog.text


def test_nothing_but_the_given_host_is_spoken_to(
    warehouse: Warehouse, target: Target, sync: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = socket.socket.connect
    spoken: set[object] = set()

    def watched(self: socket.socket, address: Any) -> None:
        spoken.add(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr("core.databricks.sync._VOLUME_FROM_ROWS", 1)
    monkeypatch.setattr("core.databricks.plan.MOST_ROWS", 1)
    sync(replace(target, volume=warehouse.engine.volume))
    assert spoken == {("127.0.0.1", target.port)} and warehouse.counts["uploads"]


def test_without_the_connector_the_error_names_the_extra(
    target: Target, sync: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "databricks", None)
    with pytest.raises(UsageError) as raised:
        sync(target)
    assert "nuvyn[databricks]" in raised.value.hint
