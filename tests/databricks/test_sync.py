"""What is in the mirror is, after a sync, in the warehouse: no more, no less, and equal in every value."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core.databricks import chunks
from core.databricks.faults import SyncStopped
from core.databricks.sync import Scope, Sync
from core.databricks.target import Target
from core.databricks.task import SyncTask
from core.errors import UsageError
from core.mirror.mirror import Mirror
from core.settings import Settings
from tests.databricks.conftest import Syncs, local_rows, remote_rows
from tests.mirror.catalogs import commit_catalog
from tests.servers.warehouse import Warehouse, wait_for
from tests.tui.script import ODD_NAMES


def fill(mirror: Mirror, tmp_path: Path, *sources: str, tables: int = 3, workflow: str = "w") -> None:
    for source in sources:
        commit_catalog(mirror, tmp_path, workflow, source, {f"t{n:04}": ["id", "day", "x"] for n in range(tables)})


def equal(mirror: Mirror, warehouse: Warehouse) -> bool:
    return local_rows(mirror) == remote_rows(warehouse)


def test_the_first_sync_makes_the_schema_and_the_second_sends_nothing(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a", "b")
    first = sync(target)
    assert first.sent == (("w", "a"), ("w", "b")) and first.rows == 2 * (3 + 9 + 3)
    assert equal(mirror, warehouse)
    warehouse.statements.clear()
    second = sync(target)
    assert second.sent == () and second.equal == first.sent
    assert len(warehouse.statements) == 2 and not warehouse.sent("INSERT|UPDATE|CREATE|DELETE")


def test_no_insert_is_without_a_predicate_that_names_its_sources(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a", "b")
    sync(target)
    inserts = warehouse.sent("INSERT")
    assert len(inserts) == 4
    assert all("REPLACE WHERE `workflow_id` = :w AND `source_id` IN (:s0, :s1)" in text for text in inserts)


def test_only_what_differs_is_sent(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a", "b")
    sync(target)
    run = {"run_id": "r2", "workflow_id": "w", "source_id": "a", "status": "failed", "started_at": datetime(2026, 2, 1)}
    mirror.record_run(run)
    warehouse.statements.clear()
    result = sync(target)
    assert result.sent == (("w", "a"),) and result.rows == 1
    assert [text.split("`")[5] for text in warehouse.sent("INSERT")] == ["executor_runs", "sources"]
    assert equal(mirror, warehouse)


def test_a_source_that_shrank_or_was_emptied_does_so_there(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a", "b", "other", tables=5)
    sync(target)
    commit_catalog(mirror, tmp_path, "w", "a", {"t0001": ["id"]})
    commit_catalog(mirror, tmp_path, "w", "b", {})
    sync(target)
    assert equal(mirror, warehouse)
    assert warehouse.engine.sql("SELECT count(*) FROM hive_metastore._executor_metadata.tables") == [(1 + 0 + 5,)]
    assert warehouse.engine.sql("SELECT count(*) FROM hive_metastore._executor_metadata.schema_changes")[0][0] > 0


def test_odd_names_values_and_nulls_arrive_as_they_are(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    for name in (*ODD_NAMES, "it's", 'a"b', "back\\slash", "`tick`", ":w", "", "\u2028", "💾"):
        commit_catalog(mirror, tmp_path, f"w{name}", name or "empty", {f"{name}/t": [name or "c", "d"], "x": []})
    sync(target)
    assert equal(mirror, warehouse)


def test_many_small_sources_share_their_statements(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, *(f"s{n:03}" for n in range(150)), tables=1)
    sync(target)
    assert equal(mirror, warehouse)
    assert len(warehouse.sent("INSERT")) == 4


def test_large_sources_are_cut_into_ranges_that_cover_everything(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MOST_ROWS", 10)
    wide = {f"t{n:03}": [f"c{at}" for at in range(4)] for n in range(20)} | {"t005": [f"c{at}" for at in range(35)]}
    commit_catalog(mirror, tmp_path, "w", "a", wide)
    sync(target)
    assert equal(mirror, warehouse)
    assert len(warehouse.sent("INSERT INTO .*`columns`")) > 10
    # Old rows anywhere between, before and after the ranges must go.
    commit_catalog(mirror, tmp_path, "w", "a", {n: c for n, c in wide.items() if n in ("t003", "t005", "t015")})
    sync(target)
    assert equal(mirror, warehouse)


def test_a_volume_takes_what_is_large(
    mirror: Mirror,
    warehouse: Warehouse,
    target: Target,
    sync: Syncs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.databricks.sync._VOLUME_FROM_ROWS", 50)
    fill(mirror, tmp_path, "a", tables=30)
    sync(replace(target, volume=warehouse.engine.volume))
    assert equal(mirror, warehouse)
    assert warehouse.counts["uploads"] == 1 and len(warehouse.sent("FROM parquet")) == 1
    assert not [path for path in warehouse.engine.folder.rglob("*") if path.is_file()], "what was put is removed"


@pytest.mark.parametrize("place", ["unity.meta", "hive_metastore.other"])
def test_any_catalog_and_schema_will_do(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path, place: str
) -> None:
    fill(mirror, tmp_path, "a")
    catalog, _, schema = place.partition(".")
    sync(replace(target, catalog=catalog, schema=schema))
    assert local_rows(mirror) == remote_rows(warehouse, place=place)
    assert bool(warehouse.sent("PRIMARY KEY")) is (catalog == "unity")


def test_tables_are_made_without_clustering_where_it_is_refused(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    warehouse.engine.clusters_legacy = False
    fill(mirror, tmp_path, "a")
    sync(target)
    assert equal(mirror, warehouse)


def test_tables_of_another_executor_are_completed_and_keep_their_columns_and_rows(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    sql = warehouse.engine.sql
    sql("CREATE SCHEMA hive_metastore._executor_metadata")
    sql(
        "CREATE TABLE hive_metastore._executor_metadata.sources (source_id VARCHAR, owner VARCHAR, workflow_id VARCHAR,"
        " extraction_timestamp TIMESTAMP, files_found INTEGER)"
    )
    sql("INSERT INTO hive_metastore._executor_metadata.sources VALUES ('old', 'ann', 'w', NULL, 3)")
    sql(
        "CREATE TABLE hive_metastore._executor_metadata.columns (workflow_id VARCHAR, source_id VARCHAR,"
        " sample_values VARCHAR, table_name VARCHAR, position BIGINT)"
    )
    fill(mirror, tmp_path, "a")
    # Whether an ALTER ran is not known when the connection is lost, and it cannot run twice.
    warehouse.fail("drop_after", "ALTER", times=2)
    sync(target)
    assert not any(fault.times for fault in warehouse.faults)
    assert sql("SELECT owner, files_found FROM hive_metastore._executor_metadata.sources WHERE source_id = 'old'") == [
        ("ann", 3)
    ]
    where = "source_id = 'a'"
    there, here = remote_rows(warehouse, where), local_rows(mirror, where)
    assert there["sources"] == here["sources"] and there["tables"] == here["tables"]
    warehouse.statements.clear()
    assert sync(target).sent == ()


def test_moments_do_not_shift_with_a_sessions_time_zone(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a")
    sync(target)
    asked = "SELECT unix_micros(extraction_timestamp) AS u FROM hive_metastore._executor_metadata.sources"
    [here] = mirror.query("SELECT epoch_us(extraction_timestamp) AS u FROM sources").column("u").to_pylist()
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        assert warehouse.engine.run(asked, {}, zone).column("u").to_pylist() == [here]
    assert warehouse.zones == {"UTC"}


def test_what_is_gone_here_is_deleted_there_only_when_asked(
    mirror: Mirror, warehouse: Warehouse, target: Target, settings: Settings, tmp_path: Path
) -> None:
    elsewhere = Mirror(tmp_path / "elsewhere.duckdb")
    fill(elsewhere, tmp_path / "1", "a", "gone")
    fill(elsewhere, tmp_path / "1", "x", workflow="unknown here")
    fill(mirror, tmp_path / "2", "a")
    Syncs(elsewhere, settings.runs)(target)
    here = Syncs(mirror, settings.runs)
    assert here(target).gone == (("w", "gone"),)
    ids = "SELECT source_id FROM hive_metastore._executor_metadata.{} WHERE workflow_id = 'w' GROUP BY 1 ORDER BY 1"
    assert warehouse.engine.sql(ids.format("columns")) == [("a",), ("gone",)]
    warehouse.statements.clear()
    assert here(target, Scope(prune=True)).deleted == (("w", "gone"),)
    assert "`sources`" in warehouse.sent("DELETE")[0], "the mark goes first"
    for table in ("sources", "tables", "columns", "files"):
        assert warehouse.engine.sql(ids.format(table)) == [("a",)]
        everywhere = f"SELECT DISTINCT workflow_id FROM hive_metastore._executor_metadata.{table} ORDER BY 1"
        assert warehouse.engine.sql(everywhere) == [("unknown here",), ("w",)]


def test_verify_finds_what_someone_changed_behind_the_mark(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a", "b")
    sync(target)
    assert sync(target, Scope(verify=True)).sent == ()
    warehouse.engine.sql("UPDATE hive_metastore._executor_metadata.columns SET data_type = 'int' WHERE source_id = 'b'")
    assert sync(target).sent == ()
    assert sync(target, Scope(verify=True)).rows == 9
    assert equal(mirror, warehouse)


def test_a_cancel_during_a_slow_statement_reaches_the_warehouse_and_the_next_sync_is_exact(
    mirror: Mirror, warehouse: Warehouse, target: Target, settings: Settings, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a")
    warehouse.fail("slow", "INSERT INTO .*`columns`", seconds=60)
    running = Sync(target, mirror, settings.runs, Scope())
    task = SyncTask(running, running.run)
    wait_for(lambda: warehouse.sent("INSERT INTO .*`columns`"))
    task.cancel()
    with pytest.raises(SyncStopped):
        task.future.result(5)
    running.close()
    wait_for(lambda: warehouse.cancels)
    assert "`columns`" in warehouse.cancels[0]
    assert not warehouse.engine.sql("SELECT * FROM hive_metastore._executor_metadata.sources")
    sync(target)
    assert equal(mirror, warehouse)


def test_a_cancel_while_the_warehouse_starts_is_back_at_once(
    mirror: Mirror, warehouse: Warehouse, target: Target, settings: Settings, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a")
    warehouse.fail("connect_503", times=1000)
    running = Sync(target, mirror, settings.runs, Scope())
    task = SyncTask(running, running.run)
    wait_for(lambda: running.progress.waiting)
    assert "busy or starting" in running.progress.waiting
    task.cancel()
    with pytest.raises(SyncStopped):
        task.future.result(5)
    running.close()


def test_a_sync_that_dies_before_its_mark_is_seen_by_the_next_even_when_the_content_returns(
    mirror: Mirror, warehouse: Warehouse, target: Target, settings: Settings, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path / "1", "a")
    sync(target)
    before = warehouse.engine.sql("SELECT content_hash FROM hive_metastore._executor_metadata.sources")
    fill(mirror, tmp_path / "2", "a", tables=2)
    warehouse.fail("slow", "INSERT INTO .*`sources`", seconds=60)
    running = Sync(target, mirror, settings.runs, Scope())
    task = SyncTask(running, running.run)
    wait_for(lambda: len(warehouse.sent("INSERT INTO .*`sources`")) == 2)
    task.cancel()
    with pytest.raises(SyncStopped):
        task.future.result(5)
    assert before != [(None,)]
    assert warehouse.engine.sql("SELECT content_hash FROM hive_metastore._executor_metadata.sources") == [(None,)]
    sync(target)
    assert equal(mirror, warehouse)


def test_a_workflow_forgotten_here_is_deleted_there_when_it_is_named(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a", workflow="old")
    fill(mirror, tmp_path, "a", "b")
    sync(target)
    mirror.forget("old")
    mirror.forget("w", "b")
    assert sync(target, Scope("w", ("b",), prune=True)).deleted == (("w", "b"),)
    assert sync(target, Scope(prune=True)).deleted == ()
    assert sync(target, Scope("old", prune=True)).deleted == (("old", "a"),)
    assert equal(mirror, warehouse)


def test_a_workflow_or_source_that_nobody_knows_is_told(
    mirror: Mirror, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a")
    with pytest.raises(UsageError, match="knows the workflow nothing"):
        sync(target, Scope("nothing"))
    with pytest.raises(UsageError, match="has no source x, y"):
        sync(target, Scope("w", ("x", "a", "y")))


def test_only_what_tells_rows_apart_is_declared_a_key(
    mirror: Mirror, warehouse: Warehouse, target: Target, sync: Syncs, tmp_path: Path
) -> None:
    fill(mirror, tmp_path, "a")
    sync(replace(target, catalog="unity"))
    [changes] = warehouse.sent("CREATE TABLE .*`schema_changes`")
    [columns] = warehouse.sent("CREATE TABLE .*`columns`")
    assert "PRIMARY KEY" not in changes and "NOT NULL" not in changes
    assert "PRIMARY KEY (`workflow_id`, `source_id`, `table_name`, `column_name`)" in columns
