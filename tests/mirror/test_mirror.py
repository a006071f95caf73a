"""The mirror: whole sources replaced, readers never see half of one, the file stays small."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import MirrorError
from core.mirror.mirror import Mirror, Staged
from core.stage import Stage
from tests.command import ROOT
from tests.mirror.catalogs import commit_catalog

NOON = datetime(2026, 1, 1, 12)


def staged(folder: Path, tables: dict[str, dict[str, str]], source: str = "s", job: str = "j") -> Staged:
    """A sealed stage of tables (name -> column -> type)."""
    who = {"workflow_id": "w", "source_id": source}
    stage = Stage.begin(folder / source)
    stage.write_rows("sources", [who | {"job_id": job, "tables_found": len(tables)}])
    stage.write_rows("tables", [who | {"table_name": t, "file_type": "csv"} for t in tables])
    stage.write_rows(
        "columns",
        [
            who | {"table_name": t, "column_name": c, "data_type": type_, "position": at, "is_nullable": True}
            for t, columns in tables.items()
            for at, (c, type_) in enumerate(columns.items())
        ],
    )
    stage.seal({})
    return Staged("w", source, job, stage)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "mirror.duckdb")


def test_a_commit_replaces_only_its_source(mirror: Mirror, tmp_path: Path) -> None:
    mirror.commit([staged(tmp_path, {"a": {"x": "int"}}, "one"), staged(tmp_path, {"b": {"y": "int"}}, "two")], NOON)
    mirror.commit([staged(tmp_path, {"c": {"z": "int"}}, "one")], NOON)
    names = mirror.query("SELECT source_id, table_name FROM tables ORDER BY ALL").to_pylist()
    assert names == [{"source_id": "one", "table_name": "c"}, {"source_id": "two", "table_name": "b"}]


def test_what_changed_in_a_schema_is_recorded_once(mirror: Mirror, tmp_path: Path) -> None:
    mirror.commit([staged(tmp_path, {"a": {"x": "int", "gone": "int"}, "old": {"o": "int"}})], NOON)
    assert mirror.query("SELECT * FROM schema_changes").num_rows == 0
    after = {"a": {"x": "bigint", "new": "date"}, "fresh": {"f": "int"}}
    mirror.commit([staged(tmp_path, after, job="k")], NOON)
    mirror.commit([staged(tmp_path, after, job="l")], NOON)
    changes = mirror.query(
        "SELECT table_name, column_name, change, old_value, new_value, job_id FROM schema_changes ORDER BY 1, 2, 3"
    ).to_pylist()
    assert [tuple(c.values()) for c in changes] == [
        ("a", "gone", "column_removed", "int", None, "k"),
        ("a", "new", "column_added", None, "date", "k"),
        ("a", "x", "type_changed", "int", "bigint", "k"),
        ("fresh", None, "table_added", None, "csv", "k"),
        ("old", None, "table_removed", "csv", None, "k"),
    ]


def test_a_commit_that_fails_changes_nothing(mirror: Mirror, tmp_path: Path) -> None:
    mirror.commit([staged(tmp_path, {"a": {"x": "int"}}, "one")], NOON)
    good, bad = staged(tmp_path, {"b": {"x": "int"}}, "one"), staged(tmp_path, {"c": {"x": "int"}}, "two")
    (bad.stage.folder / "columns.parquet").write_bytes(b"broken")
    with pytest.raises(MirrorError):
        mirror.commit([good, bad], NOON)
    assert mirror.query("SELECT table_name FROM tables").to_pylist() == [{"table_name": "a"}]


@pytest.mark.parametrize("rows_in_place", [0, 50_000])
def test_a_first_commit_that_fails_says_why_and_the_next_one_works(
    rows_in_place: int, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.mirror.mirror._MOST_ROWS_IN_PLACE", rows_in_place)
    broken = staged(tmp_path, {"orders": {"id": "bigint"}}, source="broken")
    pq.write_table(pa.table({"position": ["no number"]}), broken.stage.folder / "columns.parquet")
    with pytest.raises(MirrorError, match="no number"):
        mirror.commit([broken], NOON)
    mirror.record_run({"workflow_id": "w", "source_id": "broken", "status": "failed"})
    mirror.commit([staged(tmp_path, {"orders": {"id": "bigint"}})], NOON)
    assert mirror.query("SELECT source_id FROM tables").to_pylist() == [{"source_id": "s"}]
    assert mirror.query("SELECT current_setting('threads') AS n").to_pylist() == [{"n": 2}]


def test_a_link_to_the_mirror_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.mirror.mirror._MOST_ROWS_IN_PLACE", 0)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked.duckdb").symlink_to(tmp_path / "elsewhere" / "mirror.duckdb")
    mirror = Mirror(tmp_path / "linked.duckdb")
    for job in ("a", "b"):
        mirror.commit([staged(tmp_path, {"orders": {"id": "bigint"}}, job=job)], NOON)
    assert (tmp_path / "linked.duckdb").is_symlink()
    assert Mirror(tmp_path / "elsewhere" / "mirror.duckdb").query("FROM tables").num_rows == 1


def test_a_commit_stays_when_the_file_cannot_be_made_smaller(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.mirror.mirror._SMALLEST_COMPACTED", 0)
    monkeypatch.setattr("core.mirror.mirror._COMPACT_AT", 0)
    monkeypatch.setattr("core.mirror.session.Session._copy_alive", full)
    mirror.commit([staged(tmp_path, {"orders": {"id": "bigint"}})], NOON)
    assert mirror.query("FROM tables").num_rows == 1


def test_the_mirror_is_read_only_to_queries(mirror: Mirror, tmp_path: Path) -> None:
    mirror.commit([staged(tmp_path, {"a": {"x": "int"}})], NOON)
    with pytest.raises(MirrorError, match="read-only"):
        mirror.query("DELETE FROM tables")
    with pytest.raises(MirrorError, match="query failed"):
        mirror.query("SELECT nothing FROM tables")


def test_a_mirror_that_is_not_there_or_broken_is_told(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match="no mirror yet"):
        mirror.query("SELECT 1")
    mirror.path.write_bytes(b"x" * 20_000)
    with pytest.raises(MirrorError, match="cannot be opened"):
        mirror.query("SELECT 1")


def test_other_tools_can_open_the_file(mirror: Mirror, tmp_path: Path) -> None:
    mirror.commit([staged(tmp_path, {"a": {"x": "int"}})], NOON)
    with duckdb.connect(str(mirror.path), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM _executor_metadata.tables").fetchall() == [(1,)]


def test_the_file_does_not_grow_with_every_run(mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.mirror.mirror._SMALLEST_COMPACTED", 1 << 20)
    many = {f"t{n}": {f"c{m}": "int" for m in range(20)} for n in range(200)}
    sizes = []
    for _ in range(15):
        mirror.commit([staged(tmp_path, many)], NOON)
        sizes.append(mirror.path.stat().st_size)
    assert max(sizes) <= 4 * max(sizes[0], 1 << 20)
    assert mirror.query("SELECT count(*) AS n FROM columns").to_pylist() == [{"n": 4000}]


READER = """
import sys, time
from pathlib import Path
from core.mirror.mirror import Mirror
mirror, until, seen = Mirror(Path(sys.argv[1])), time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < until:
    [row] = mirror.query(
        "SELECT (SELECT tables_found FROM sources) AS told, (SELECT count(*) FROM tables) AS tables,"
        " (SELECT count(*) FROM columns) AS columns, (SELECT count(*) FROM sources) AS sources"
    ).to_pylist()
    assert row["sources"] == 1 and row["told"] == row["tables"] and row["columns"] == 3 * row["tables"], row
    seen += 1
print(seen)
"""


def test_readers_never_see_half_a_source_while_a_writer_commits(mirror: Mirror, tmp_path: Path) -> None:
    """Two processes query in a loop while this one commits in a loop."""
    seconds = float(os.environ.get("NUVYN_TEST_CONCURRENCY_S", "4"))

    def tables(n: int) -> dict[str, dict[str, str]]:
        return {f"t{i}": {"a": "int", "b": "int", "c": "int"} for i in range(n)}

    mirror.commit([staged(tmp_path, tables(1))], NOON)
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(mirror.path), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        for _ in range(2)
    ]
    commits = 0
    while any(reader.poll() is None for reader in readers):
        mirror.commit([staged(tmp_path, tables(1 + commits % 7))], NOON)
        commits += 1
    for reader in readers:
        out, err = reader.communicate()
        assert reader.returncode == 0, err
        assert int(out) >= 5
    assert commits >= 5


def test_what_is_forgotten_is_gone_from_every_table_and_the_rest_stays(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "mirror.duckdb")
    for workflow, source in (("w", "a"), ("w", "b"), ("v", "a")):
        commit_catalog(mirror, tmp_path, workflow, source, {"t": ["x"]})
        mirror.record_run({"run_id": "r", "workflow_id": workflow, "source_id": source})
    assert mirror.forget("w", "a") == 1
    for table in ("sources", "tables", "columns", "files", "executor_runs"):
        rows = mirror.query(f"SELECT DISTINCT workflow_id, source_id FROM {table} ORDER BY ALL").to_pylist()
        assert [tuple(row.values()) for row in rows] == [("v", "a"), ("w", "b")]
    with pytest.raises(MirrorError, match="holds nothing of w/a"):
        mirror.forget("w", "a")
    assert mirror.forget("w") == 1
