"""SQLite and DuckDB files as sources: read in place, whatever is in them, and told when they cannot be."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from core.errors import Fault, SourceError
from tests.databases.reading import Read

EVERYTHING = """
CREATE TABLE t (id INTEGER, part VARCHAR, price DECIMAL(10,2) NOT NULL, tags VARCHAR[], PRIMARY KEY (part, id));
COMMENT ON TABLE t IS 'all of it';
COMMENT ON COLUMN t.price IS 'net';
INSERT INTO t SELECT i, 'x', i, [] FROM range(100) r(i);
CREATE VIEW v AS SELECT price FROM t;
CREATE VIEW elsewhere AS SELECT * FROM read_csv('/etc/passwd', columns = {'a': 'VARCHAR'});
CREATE SCHEMA "Odd.Name";
CREATE TABLE "Odd.Name"."a ""b"" c" (x STRUCT(y INTEGER));
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "it's.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute(EVERYTHING)
    return path


def test_a_duckdb_file(database: Path) -> None:
    read = Read(f"duckdb:///{database}")
    assert {name: (row["grouping"], row["row_count"]) for name, row in read.tables.items()} == {
        'Odd.Name.a "b" c': ("table", 0),
        "main.elsewhere": ("view", None),
        "main.t": ("table", 100),
        "main.v": ("view", None),
    }
    assert read.types("main.t") == {"id": "int", "part": "string", "price": "decimal(10,2)", "tags": "array<string>"}
    assert read.names("main.t", "is_primary_key") == ["id", "part"]
    assert (read.tables["main.t"]["comment"], read.columns("main.t")[2]["comment"]) == ("all of it", "net")
    assert read.tables["main.t"]["row_count_source"] == "estimated"
    assert read.sums.requests == {"QUERY": 3}
    exact = Read(f"duckdb:///{database}", row_counts="exact", include=("main.*",))
    assert exact.tables["main.t"]["row_count_source"] == "counted"
    assert exact.sums.requests == {"QUERY": 4}


def test_a_duckdb_file_that_another_process_writes_is_tried_again(database: Path) -> None:
    hold = "import duckdb, sys; d = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(SourceError) as caught:
            Read(f"duckdb:///{database}")
        holder.communicate("")
    assert (caught.value.fault, caught.value.transient) == (Fault.UNAVAILABLE, True)


def test_a_sqlite_file(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as made:
        made.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL, c)")
        made.execute("CREATE VIEW v AS SELECT b FROM t")
        made.execute("INSERT INTO t VALUES (1, 'x', 2.5)")
    made.close()
    read = Read(f"sqlite:///{tmp_path}/x.db")
    assert {name: (row["grouping"], row["row_count"]) for name, row in read.tables.items()} == {
        "main.t": ("table", 1),
        "main.v": ("view", None),
    }
    assert read.types("main.t") == {"a": "bigint", "b": "string", "c": "double"}
    assert read.names("main.t", "is_primary_key") == ["a"]


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_a_file_that_is_none(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "x.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    for name, fault in (("x.db", Fault.CORRUPT), ("missing.db", Fault.NOT_FOUND)):
        with pytest.raises(SourceError) as caught:
            Read(f"{scheme}:///{tmp_path}/{name}")
        assert caught.value.fault is fault


def test_a_database_at_motherduck_is_refused_in_words() -> None:
    with pytest.raises(SourceError, match="MotherDuck") as caught:
        Read("duckdb:///md:sales")
    assert caught.value.fault is Fault.UNSUPPORTED and caught.value.hint
