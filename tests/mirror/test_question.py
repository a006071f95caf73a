"""Questions to the mirror: several at once, taken back, refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from core.errors import MirrorError
from core.mirror.mirror import Mirror, Staged
from core.mirror.session import Session, Stopped
from core.stage import Stage

ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = 7"


def _commit(mirror: Mirror, folder: Path, table: str) -> None:
    stage = Stage.begin(folder / table)
    stage.write_rows("sources", [{"workflow_id": "w", "source_id": "s", "job_id": "j"}])
    stage.write_rows("tables", [{"workflow_id": "w", "source_id": "s", "table_name": table}])
    stage.seal({})
    mirror.commit([Staged("w", "s", "j", stage)], datetime(2026, 1, 1))


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    found = Mirror(tmp_path / "mirror.duckdb")
    _commit(found, tmp_path, "a")
    return found


def test_names_work_with_and_without_the_schema(mirror: Mirror) -> None:
    for name in ("tables", "hive_metastore._executor_metadata.tables"):
        assert mirror.query(f"SELECT table_name FROM {name}").to_pylist() == [{"table_name": "a"}]


def test_parameters_are_filled(mirror: Mirror) -> None:
    sql = "SELECT table_name FROM tables WHERE source_id = $s"
    assert mirror.query(sql, params={"s": "s"}, limit=5).num_rows == 1
    assert mirror.query(sql, params={"s": "' OR true --"}).num_rows == 0


def test_a_short_question_is_answered_while_a_long_one_runs(mirror: Mirror) -> None:
    long = mirror.question(ENDLESS)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(long.run)
        try:
            assert Mirror(mirror.path).query("SELECT count(*) AS n FROM tables").to_pylist() == [{"n": 1}]
            assert not running.done()
        finally:
            long.cancel()
        with pytest.raises(Stopped):
            running.result(10)


def test_a_question_that_waits_for_the_file_is_taken_back(mirror: Mirror) -> None:
    question = mirror.question("SELECT 1")
    with ThreadPoolExecutor(1) as pool, Session(mirror.path, "hive_metastore").writing():
        waiting = pool.submit(question.run)
        question.cancel()
        with pytest.raises(Stopped):
            waiting.result(10)
    assert mirror.query("SELECT 1 AS one").num_rows == 1


def test_a_question_that_waits_for_another_process_is_taken_back(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.mirror.session.is_taken", lambda error: True)
    mirror.path.write_bytes(b"as if it were locked")
    question = mirror.question("SELECT 1")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(question.run)
        question.cancel()
        with pytest.raises(Stopped):
            waiting.result(10)


def test_a_writer_waits_for_readers_and_is_alone(mirror: Mirror, tmp_path: Path) -> None:
    session = Session(mirror.path, "hive_metastore")
    entered = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        with session.reading() as connection, session.reading() as other:
            writing = pool.submit(lambda: (entered.set(), _commit(mirror, tmp_path, "b")))
            assert entered.wait(10)
            for each in (connection, other):
                names = each.execute("SELECT table_name FROM hive_metastore._executor_metadata.tables").fetchall()
                assert names == [("a",)]
            assert not writing.done()
        writing.result(10)
    assert mirror.query("SELECT table_name FROM tables").to_pylist() == [{"table_name": "b"}]


def test_the_file_is_let_go_after_the_last_reader(mirror: Mirror) -> None:
    session = Session(mirror.path, "hive_metastore")
    with session.reading(), session.reading():
        pass
    with duckdb.connect(str(mirror.path)) as writer:
        assert writer.execute("SELECT count(*) FROM _executor_metadata.tables").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("", "no SQL"),
        ("-- only a comment", "no SQL"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("DROP TABLE tables", "DROP is no question"),
        ("COPY (SELECT 1) TO 'x.csv'", "COPY is no question"),
        ("WITH a AS (SELECT 1) INSERT INTO tables SELECT * FROM a", "INSERT is no question"),
        ("SELECT 1,\nFROM tables x y", "LINE 2"),
    ],
)
def test_what_is_no_single_question_is_told(mirror: Mirror, sql: str, says: str) -> None:
    with pytest.raises(MirrorError, match=says):
        mirror.query(sql)


@pytest.mark.parametrize(
    "sql",
    ["SHOW TABLES", "DESCRIBE tables", "FROM tables", "EXPLAIN FROM tables", "PIVOT tables ON table_name", "SELECT 1;"],
)
def test_every_kind_of_question_is_answered(mirror: Mirror, sql: str) -> None:
    assert mirror.query(sql, limit=10).num_rows
