"""DuckDB files: tables, types, rows by a few ranges; nothing but the file is opened; broken ones end in words."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.catalog import CountSource, FileReading, TableReading
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions
from core.formats.blocking import Ranges, run
from core.formats.duckdbfile import DuckDb, lock_down
from tests.formats.driver import drive, read_parts

KINDS = {
    "INTEGER": "int",
    "BIGINT": "bigint",
    "TINYINT": "tinyint",
    "UTINYINT": "smallint",
    "UINTEGER": "bigint",
    "UBIGINT": "decimal(20,0)",
    "HUGEINT": "decimal(38,0)",
    "DECIMAL(10,2)": "decimal(10,2)",
    "FLOAT": "float",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "VARCHAR": "string",
    "BLOB": "binary",
    "BIT": "string",
    "UUID": "string",
    "JSON": "string",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP_NS": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "INTERVAL": "interval",
    "ENUM('a', 'b')": "string",
    "INTEGER[]": "array<int>",
    "INTEGER[3]": "array<int>",
    "MAP(VARCHAR, INTEGER)": "map<string,int>",
    'STRUCT(a INTEGER, "b c" VARCHAR[])': "struct<a:int,`b c`:array<string>>",
    "UNION(n INTEGER, s VARCHAR)": "union<int,string>",
}


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., bytes]:
    def made(*statements: str) -> bytes:
        path = tmp_path / "made.duckdb"
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as database:
            for statement in statements:
                database.execute(statement)
        return path.read_bytes()

    return made


def read(data: bytes, options: ReadOptions | None = None) -> dict[str, TableReading]:
    found, _ = read_parts(data, "lake.db", options)
    assert found.file_type == "duckdb"
    return {table.part: table for table in found.tables}


def test_every_type_has_its_spark_name_and_keeps_its_own(make: Callable[..., bytes]) -> None:
    fields = ", ".join(f"c{at} {declared}" for at, declared in enumerate(KINDS))
    [table] = read(make(f"CREATE TABLE t ({fields})")).values()
    assert {column.native_type: column.type for column in table.columns} == KINDS
    assert [column.name for column in table.columns] == [f"c{at}" for at in range(len(KINDS))]
    assert {column.type_source for column in table.columns} == {"declared"}


def test_tables_and_views_of_all_schemas_with_exact_rows(make: Callable[..., bytes]) -> None:
    data = make(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR NOT NULL, b INTEGER, twice INTEGER AS (b * 2))",
        "INSERT INTO t SELECT i, 'x', i FROM range(5000) r(i)",
        "CHECKPOINT",
        "DELETE FROM t WHERE id % 10 = 3",
        "CREATE VIEW v AS SELECT a, count(*) AS n FROM t GROUP BY a",
        'CREATE SCHEMA "other one"',
        'CREATE TABLE "other one"."odd ""name/.x" AS SELECT 1 AS "a b"',
        "CREATE MACRO half(x) AS x / 2",
        "CREATE SEQUENCE s",
    )
    found = read(data)
    assert {name: table.row_count for name, table in found.items()} == {
        "t": 4500,
        "v": None,
        'other one.odd "name/.x': 1,
    }
    assert found["t"].row_count_source is CountSource.DATABASE and found["v"].row_count_source is None
    assert [(c.name, c.nullable) for c in found["t"].columns] == [
        ("id", False),
        ("a", False),
        ("b", True),
        ("twice", True),
    ]
    assert [(c.name, c.type) for c in found["v"].columns] == [("a", "string"), ("n", "bigint")]
    assert {table.row_count for table in read(data, ReadOptions(row_counts="none")).values()} == {None}


def test_an_empty_database_has_no_tables(make: Callable[..., bytes]) -> None:
    assert read_parts(make(), "a.duckdb")[0] == FileReading("duckdb", ())


def test_a_large_file_takes_a_few_ranges_of_it(make: Callable[..., bytes]) -> None:
    data = make(
        "CREATE TABLE t AS SELECT i, hash(i) h, hash(i + 1) g FROM range(1000000) r(i)", "CREATE TABLE u (a INT)"
    )
    assert len(data) > 10 << 20
    found, spans = read_parts(data, "large.db")
    assert [table.row_count for table in found.tables] == [1_000_000, 0]
    assert len(spans) < 6 and sum(end - start for start, end in spans) < 3 << 20


def test_a_view_opens_nothing_else(make: Callable[..., bytes], tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("secret\n1\n")
    data = make(f"CREATE VIEW v AS SELECT * FROM read_csv('{other}')", "CREATE TABLE t (a INT)")
    other.write_text("changed,since\n1,2\n")
    found = read(data)
    assert [column.name for column in found["v"].columns] == ["secret"], "as it was made, not as the file is now"
    other.unlink()
    assert read(data) == found


def test_a_locked_connection_opens_nothing_and_stays_locked(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with duckdb.connect() as database:
        lock_down(database, "nowhere://")
        for statement in (
            f"SELECT * FROM read_csv('{tmp_path / 'other.csv'}')",
            f"ATTACH '{tmp_path / 'new.db'}'",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SET memory_limit = '64GB'",
        ):
            with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
                database.execute(statement)
    assert [path.name for path in tmp_path.iterdir()] == ["other.csv"]


@pytest.mark.parametrize("version", ["v1.0.0", "v1.2.0", "v1.4.0"])
def test_files_in_older_storage_are_read(version: str, tmp_path: Path) -> None:
    with duckdb.connect() as database:
        database.execute(f"ATTACH '{tmp_path / 'old.db'}' AS old (STORAGE_VERSION '{version}')")
        database.execute("CREATE TABLE old.t AS SELECT 1 AS a; CREATE VIEW old.v AS SELECT a + 1 AS b FROM old.t")
    found = read((tmp_path / "old.db").read_bytes())
    assert {name: [c.type for c in table.columns] for name, table in found.items()} == {"t": ["int"], "v": ["int"]}


def mended(data: bytearray) -> bytes:
    """With the checksums that belong to the changed bytes: three headers, then blocks of 256 KiB."""
    blocks = [(0, 4096), (4096, 4096), (8192, 4096), *((at, 1 << 18) for at in range(12288, len(data), 1 << 18))]
    for start, length in blocks:
        words = np.frombuffer(bytes(data[start + 8 : start + length]), dtype="<u8")
        sum_ = int(np.bitwise_xor.reduce(words * np.uint64(0xBF58476D1CE4E5B9))) ^ 5381
        data[start : start + 8] = sum_.to_bytes(8, "little")
    return bytes(data)


def test_what_a_newer_duckdb_wrote_is_told(make: Callable[..., bytes]) -> None:
    data = bytearray(make("CREATE TABLE t (a INT)"))
    assert mended(data) == data, "the checksums here are DuckDB's"
    data[12:20] = (5000).to_bytes(8, "little")
    with pytest.raises(FileError, match="written by a newer DuckDB") as caught:
        read(mended(data))
    assert caught.value.fault is Fault.UNSUPPORTED


def test_an_encrypted_one_is_told(tmp_path: Path) -> None:
    with duckdb.connect() as database:
        with contextlib.suppress(duckdb.CatalogException):  # older ones write with what they have
            database.execute("SET force_mbedtls_unsafe = 'true'")
        database.execute(f"ATTACH '{tmp_path / 'locked.db'}' AS locked (ENCRYPTION_KEY 'k')")
        database.execute("CREATE TABLE locked.t (a INT)")
    with pytest.raises(FileError, match="it is encrypted") as caught:
        read((tmp_path / "locked.db").read_bytes())
    assert caught.value.fault is Fault.ENCRYPTED


def test_cut_anywhere_it_is_an_error(make: Callable[..., bytes]) -> None:
    data = make("CREATE TABLE t AS SELECT i FROM range(1000) r(i)")
    for length in [20, 100, 4096, 8192, 12287, 12288, 12289, 20000, len(data) - 1]:
        with pytest.raises(FileError, match="cut short"):
            read(data[:length])


@pytest.mark.parametrize("seed", range(4))
def test_no_flipped_byte_breaks_the_reader(seed: int, make: Callable[..., bytes]) -> None:
    """Nor where the checksums were put right again, so that DuckDB believes what it reads."""
    draw = random.Random(seed)
    data = make(
        "CREATE TABLE t (a INT PRIMARY KEY, b STRUCT(x INT, y VARCHAR[]), e ENUM('a', 'b') DEFAULT 'a')",
        "INSERT INTO t SELECT i, NULL, 'b' FROM range(1000) r(i)",
        "CREATE VIEW v AS SELECT a, b.y[1] FROM t",
    )
    used = [at for at, byte in enumerate(data) if byte and at >= 12]
    for _ in range(25):
        broken = bytearray(data)
        for _ in range(draw.choice([1, 3, 50])):
            broken[draw.choice(used)] = draw.randrange(256)
        began = time.monotonic()
        try:
            read(mended(broken) if draw.random() < 0.7 else bytes(broken))
        except FileError as error:
            assert error.message
        assert time.monotonic() - began < 5


def test_reading_ends_when_its_time_is_over(make: Callable[..., bytes]) -> None:
    data = make("CREATE TABLE t (a INT)")
    with pytest.raises(FileError, match="longer than 0 s") as caught:
        read_parts(data, "a.db", format_=DuckDb(seconds=0))
    assert caught.value.fault is Fault.TIMEOUT


def test_a_reader_that_is_left_alone_lets_its_library_go() -> None:
    opened = Opened("a", 100, b"", b"")
    ended = threading.Event()

    def work(ranges: Ranges) -> None:
        try:
            ranges.read(0, 10)
        finally:
            ended.set()

    steps = run(opened, work, seconds=10, interrupt=lambda: None)
    assert next(steps) == (0, 10)
    steps.close()
    assert ended.wait(10)


def test_ranges_are_asked_for_where_the_library_reads_and_no_farther_than_the_end() -> None:
    data = bytes(range(100))
    spans: list[tuple[int, int]] = []

    def work(ranges: Ranges) -> FileReading:
        assert ranges.read(2, 5) == data[2:5]
        assert ranges.read(90, 200) == data[90:]
        assert ranges.read(100, 101) == b""
        return FileReading("x", ())

    opened = Opened("a", 100, data[:10], b"")
    assert drive(run(opened, work, seconds=10, interrupt=lambda: None), data, spans).file_type == "x"
    assert spans == [(90, 100)]
