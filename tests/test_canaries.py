"""What looks for secrets in all that the tests wrote finds them, wherever they are."""

from __future__ import annotations

import gzip
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.canaries import leaks, main

_SECRET = "canary-in-a-long-text" * 2_000


def _plain(path: Path) -> None:
    path.write_text("a line\nand canary-1\n")


def _packed(path: Path) -> None:
    path.write_bytes(gzip.compress(_SECRET.encode()))


def _parquet(path: Path) -> None:
    pq.write_table(pa.table({"a": ["x" * 100] * 100 + ["y canary-2"]}), path, compression="zstd")


def _sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("INSERT INTO t VALUES (?)", ("z" * 4085 + "canary-3" + "z" * 9000,))
        database.commit()


def _duckdb(path: Path) -> None:
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 'canary-' || (range % 7) AS a FROM range(100000)")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not among what the tests write: there it would be found in earnest."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("make", [_plain, _packed, _parquet, _sqlite, _duckdb])
def test_a_secret_is_found(folder: Path, make: Callable[[Path], None], capsys: pytest.CaptureFixture[str]) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "jobs.sqlite").touch()
    (home / "payload.json").write_text("canary-that-the-operator-wrote")
    assert main(folder) == 0
    make(home / "found")
    assert leaks(home / "found")
    assert main(folder) == 1
    assert ": 0 secrets" not in capsys.readouterr().out.splitlines()[-1]


def test_nothing_written_is_no_good_sign(folder: Path) -> None:
    assert main(folder) == 1
