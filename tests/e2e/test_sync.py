"""`nuvyn sync` and a job's `--write-to-db`, as an operator and a backend call them, against a warehouse on loopback."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.mirror.mirror import Mirror
from tests.command import Nuvyn, Ran
from tests.databricks.conftest import local_rows, remote_rows
from tests.e2e.test_seed_queries import COMPARE, SOURCE_COLUMNS, STORED, TABLE_COLUMNS, WORKFLOW_SOURCES
from tests.servers.warehouse import HTTP_PATH, TOKEN, Warehouse, wait_for

SEED = {
    "sources": WORKFLOW_SOURCES,
    "columns": SOURCE_COLUMNS,
    "compare": COMPARE,
    "stored": STORED,
    "table": TABLE_COLUMNS,
}


@pytest.fixture
def demo(tmp_path: Path, warehouse: Warehouse) -> Nuvyn:
    """A home folder with the demo in its mirror, and the warehouse in its environment."""
    home = tmp_path / "home"
    home.mkdir()
    nuvyn = Nuvyn(home, warehouse.environ())
    assert nuvyn("demo").code == 0
    return nuvyn


def mirror(nuvyn: Nuvyn) -> Mirror:
    return Mirror(nuvyn.home / "mirror.duckdb")


def asked(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    """Rows as the connector gives them."""
    from databricks import sql as connector

    with (
        connector.connect(
            server_hostname="127.0.0.1",
            http_path=HTTP_PATH,
            _connection_uri=warehouse.address + HTTP_PATH,
            access_token=TOKEN,
            enable_telemetry=False,
            session_configuration={"TIMEZONE": "Asia/Tokyo"},
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
        rows = [{name: _plain(value) for name, value in row.asDict().items()} for row in cursor.fetchall()]
    # The connector leaves its idle socket to the garbage collector.
    connection.session.backend._transport._THttpClient__pool.close()
    return rows


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ") if isinstance(value, datetime) else value


def test_the_demo_arrives_once_and_the_seeds_queries_answer_the_same(demo: Nuvyn, warehouse: Warehouse) -> None:
    dry = demo("sync", "--dry-run")
    assert dry.code == 0 and "3 new" in dry.out and not warehouse.sent("CREATE|INSERT")
    assert "hive_metastore._executor_metadata on 127.0.0.1" in dry.err and "operator@example.com" in dry.err
    first = demo("sync", "--json").json()
    assert [entry["source_id"] for entry in first["sent"]] == ["finance", "shop", "web"]
    assert local_rows(mirror(demo)) == remote_rows(warehouse)
    warehouse.statements.clear()
    second = demo("sync", "demo", "--json").json()
    assert (second["sent"], second["rows"], len(second["equal"])) == ([], 0, 3)
    assert not warehouse.sent("INSERT|UPDATE|DELETE|CREATE")
    for name, sql in SEED.items():
        text = sql.replace("'retail'", "'demo'").replace("'amazon_data'", "'shop'")
        here = [{k: str(v) for k, v in row.items()} for row in demo.rows(text)]
        assert here and [{k: str(v) for k, v in row.items()} for row in asked(warehouse, text)] == here, name


@pytest.mark.parametrize(
    ("variables", "refused", "says"),
    [
        ({"DATABRICKS_ACCESS_TOKEN": "dapi-another-0123456789"}, "", "DATABRICKS_ACCESS_TOKEN"),
        ({}, "MODIFY", "MODIFY on hive_metastore._executor_metadata"),
        ({"NUVYN_DATABRICKS_CATALOG": "nowhere"}, "", "--target CATALOG.SCHEMA"),
        ({}, "legacy", "--target CATALOG.SCHEMA"),
    ],
)
def test_a_refusal_is_one_try_exit_1_and_says_what_to_change(
    demo: Nuvyn, warehouse: Warehouse, variables: dict[str, str], refused: str, says: str
) -> None:
    warehouse.engine.denied = {refused}
    warehouse.engine.legacy_disabled = refused == "legacy"
    ran = demo("sync", env=warehouse.environ(**variables))
    assert ran.code == 1 and says in ran.err and "Traceback" not in ran.err
    counts = [warehouse.statements.count(text) for text in warehouse.statements]
    assert set(counts) <= {1} and len(re.findall("trying again", ran.err)) == 0
    _assert_without_secrets(demo, ran, TOKEN, "dapi-another-0123456789")


def test_without_a_warehouse_it_says_what_to_set(demo: Nuvyn) -> None:
    ran = demo("sync", env={})
    assert ran.code == 2
    for name in ("DATABRICKS_SERVER_HOSTNAME", "DATABRICKS_HTTP_PATH", "DATABRICKS_ACCESS_TOKEN", "config.toml"):
        assert name in ran.err


def test_the_config_file_names_the_warehouse_and_takes_its_token_from_the_environment(
    demo: Nuvyn, warehouse: Warehouse
) -> None:
    (demo.home / "config.toml").write_text(
        f'[databricks]\nserver_hostname = "{warehouse.address}"\nhttp_path = "{HTTP_PATH}"\n'
        'access_token = "${MY_TOKEN}"\ncatalog = "unity"\nschema = "meta"\ncatalogg = "x"\n'
    )
    ran = demo("sync", env={"MY_TOKEN": TOKEN})
    assert ran.code == 0 and "did you mean `catalog`" in ran.err
    assert local_rows(mirror(demo)) == remote_rows(warehouse, place="unity.meta")
    _assert_without_secrets(demo, ran, TOKEN)


def test_ctrl_c_during_a_slow_statement_is_back_within_five_seconds(demo: Nuvyn, warehouse: Warehouse) -> None:
    warehouse.fail("slow", "INSERT INTO .*`files`", seconds=60)
    process = demo.start("sync")
    wait_for(lambda: warehouse.sent("INSERT INTO .*`files`"), 30)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert process.returncode == 130 and "the next sync completes the rest" in err, out + err
    wait_for(lambda: warehouse.cancels)
    assert demo("sync").code == 0
    assert local_rows(mirror(demo)) == remote_rows(warehouse)


def test_kill_9_between_the_tables_and_the_mark_is_completed_by_the_next_sync(
    demo: Nuvyn, warehouse: Warehouse
) -> None:
    warehouse.fail("slow", "INSERT INTO .*`sources`", seconds=60)
    process = demo.start("sync")
    wait_for(lambda: warehouse.sent("INSERT INTO .*`sources`"), 30)
    process.kill()
    process.communicate()
    result = demo("sync", "--json").json()
    assert len(result["sent"]) == 3 and result["rows"] == 0, "the tables were there already"
    # The warehouse goes on with what it was given before: that too must do no harm.
    warehouse.settle()
    assert local_rows(mirror(demo)) == remote_rows(warehouse)


def test_a_job_writes_what_it_found_and_says_so(demo: Nuvyn, warehouse: Warehouse) -> None:
    lake = str(demo.home / "demo-lake/shop")
    payload = demo.payload({"a": lake, "b": str(demo.home / "nowhere"), "c": lake}, workflow="job")
    ran = demo("run", payload, "--write-to-db", "--json")
    answer = ran.last_json()
    assert (ran.code, answer["status"]) == (3, "partial")
    written = {s["source_id"]: s["metadata"]["written_to_db"] for s in answer["result_data"]["sources"]}
    assert written == {"a": True, "b": False, "c": True}
    assert answer["result_data"]["write_to_db"]["status"] == "completed"
    where = "workflow_id = 'job' AND source_id IN ('a', 'c')"
    assert local_rows(mirror(demo), where) == remote_rows(warehouse, where)
    assert warehouse.engine.sql("SELECT DISTINCT workflow_id FROM hive_metastore._executor_metadata.sources") == [
        ("job",)
    ]


def test_a_job_that_cannot_write_is_partial_keeps_the_mirror_and_is_retried_with_a_key(
    demo: Nuvyn, warehouse: Warehouse
) -> None:
    payload = demo.payload({"a": str(demo.home / "demo-lake/shop")}, workflow="job")
    warehouse.engine.denied = {"MODIFY"}
    ran = demo("run", payload, "--json", env=warehouse.environ(EXECUTOR_WRITE_TO_DB="true"))
    answer = ran.last_json()
    assert (ran.code, answer["success"]) == (3, False)
    assert answer["result_data"]["write_to_db"]["status"] == "failed"
    [source] = answer["result_data"]["sources"]
    assert (source["status"], source["metadata"]["written_to_db"]) == ("success", False)
    assert demo.rows("SELECT count(*) AS n FROM tables WHERE workflow_id = 'job'") == [{"n": 4}]
    assert "MODIFY" in demo("logs", answer["job_id"]).out
    warehouse.engine.denied = set()
    again = demo("retry", answer["job_id"], "--json")
    assert (again.code, again.last_json()["status"]) == (0, "completed")
    assert again.last_json()["result_data"]["sources"][0]["metadata"]["written_to_db"] is True
    assert local_rows(mirror(demo), "workflow_id = 'job'") == remote_rows(warehouse)


BROKEN = """
from core.databricks.sync import Sync
def broken(self, plan=None):
    raise ZeroDivisionError
Sync.run = broken
from core.cli.main import main
main(["run", "payload.json", "--write-to-db", "--json"])
"""


def test_a_fault_of_our_own_while_writing_does_not_pass_for_written(demo: Nuvyn) -> None:
    demo.payload({"a": str(demo.home / "demo-lake/shop")}, workflow="job")
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], env=demo.environ(), cwd=demo.home, capture_output=True, text=True, check=False
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, answer["status"], answer["success"]) == (3, "partial", False)
    assert "ZeroDivisionError" in answer["result_data"]["write_to_db"]["message"]


def test_a_jobs_own_credentials_are_used_and_never_stored(demo: Nuvyn, warehouse: Warehouse) -> None:
    own = {"server_hostname": warehouse.address, "http_path": HTTP_PATH, "access_token": TOKEN, "catalog": "unity"}
    lake = str(demo.home / "demo-lake/web")
    payload = demo.payload(
        {"a": lake}, workflow="job", job_metadata={"write_to_db": True, "databricks_credentials": own}
    )
    ran = demo("run", payload, "--json", env={})
    assert ran.code == 0, ran.err
    assert remote_rows(warehouse, place="unity._executor_metadata") == local_rows(mirror(demo), "workflow_id = 'job'")
    (demo.home / "payload.json").unlink()
    _assert_without_secrets(demo, ran, TOKEN)
    # Another run of what is stored must not go somewhere else.
    stored = json.loads(demo("show", ran.last_json()["job_id"], "--json").out)
    assert set(stored["result_data"]["job_metadata"]["databricks_credentials"].values()) == {"***"}


def test_a_sync_of_one_source_leaves_the_others_alone(demo: Nuvyn, warehouse: Warehouse) -> None:
    assert demo("sync", "demo", "--source", "shop", "--json").json()["sent"] == [
        {"workflow_id": "demo", "source_id": "shop"}
    ]
    assert demo("sync", "nothing").code == 2
    assert demo("sync", "demo", "--source", "nothing").code == 2
    assert demo("sync", "--source", "shop").code == 2


def _assert_without_secrets(nuvyn: Nuvyn, ran: Ran, *secrets: str) -> None:
    """No secret in what was printed, nor in any file of the home folder."""
    texts = [ran.out.encode(), ran.err.encode(), *(p.read_bytes() for p in nuvyn.home.rglob("*") if p.is_file())]
    for secret in secrets:
        assert not any(secret.encode() in text for text in texts)
