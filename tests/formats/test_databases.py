"""SQLite files: tables, types, rows; large ones by a few ranges; broken ones always end in words."""

from __future__ import annotations

import gzip
import os
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from core.catalog import Column, CountSource, FileReading, TableReading
from core.errors import FileError
from core.formats.base import Format, Opened, ReadOptions
from core.formats.detect import detect, misnamed
from core.formats.spool import Spool
from core.formats.sqlite import Sqlite
from tests.formats.driver import EXACT, read_parts

SHOP = """
CREATE TABLE customer (
  id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, since DATETIME, day DATE, at TIME, credit DECIMAL(10,2),
  score REAL, picture BLOB, active BOOLEAN, flags TINYINT UNSIGNED, tags JSON, odd NEVERHEARD, bare,
  twice INTEGER GENERATED ALWAYS AS (id * 2), shout TEXT AS (upper(name)) STORED);
CREATE TABLE pairs (a TEXT, b INTEGER, note CLOB, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE "odd ""name""/of a.table" ("a b" INT, "select" TEXT);
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE VIEW by_name AS SELECT name, count(*) AS n, avg(score) AS mean FROM customer GROUP BY name;
CREATE VIEW lost AS SELECT * FROM nowhere;
CREATE VIRTUAL TABLE texts USING fts5(title, body);
CREATE INDEX names ON customer(name);
INSERT INTO customer (name, score, odd, bare)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
  SELECT 'n' || i % 7, i, i, i * 0.5 FROM n;
INSERT INTO pairs VALUES ('x', 1, 'é'), ('y', 2, NULL);
INSERT INTO counted DEFAULT VALUES;
INSERT INTO texts VALUES ('t', 'some words');
ANALYZE;
"""


def database(script: str, *pragmas: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        for pragma in pragmas:
            made.execute(f"PRAGMA {pragma}")
        made.executescript(script)
        return made.serialize()


def read(data: bytes, options: ReadOptions | None = None, format_: Format | None = None) -> dict[str, TableReading]:
    found, _ = read_parts(data, "shop.db", options, format_=format_)
    assert found.file_type == "sqlite"
    return {table.part: table for table in found.tables}


def columns(table: TableReading) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def test_every_table_and_view_is_one_and_what_sqlite_keeps_for_itself_is_none() -> None:
    found = read(database(SHOP))
    assert {name: table.row_count for name, table in found.items()} == {
        "by_name": None,
        "counted": 1,
        "customer": 500,
        "lost": None,
        'odd "name"/of a.table': 0,
        "pairs": 2,
        "texts": 1,
    }
    assert found["customer"].row_count_source is CountSource.DATABASE
    assert found["by_name"].warnings == () and found["by_name"].row_count_source is None
    assert found["lost"].columns == () and "nowhere" in found["lost"].warnings[0]
    assert columns(found["texts"]) == {"title": "string", "body": "string"}


def test_declared_types_decide_and_where_there_is_none_the_values_do() -> None:
    found = read(database(SHOP))
    assert columns(found["customer"]) == {
        "id": "bigint",
        "name": "string",
        "since": "timestamp_ntz",
        "day": "date",
        "at": "time",
        "credit": "decimal(10,2)",
        "score": "double",
        "picture": "binary",
        "active": "boolean",
        "flags": "bigint",
        "tags": "string",
        "odd": "bigint",
        "bare": "double",
        "twice": "bigint",
        "shout": "string",
    }
    assert columns(found["by_name"]) == {"name": "string", "n": "bigint", "mean": "double"}
    by_name = {column.name: column for column in found["customer"].columns}
    assert by_name["credit"] == Column("credit", "decimal(10,2)", True, "DECIMAL(10,2)")
    assert (by_name["bare"].native_type, by_name["bare"].type_source) == (None, "inferred")


def test_not_null_and_primary_keys_are_never_null() -> None:
    found = read(database(SHOP))
    assert [c.name for c in found["customer"].columns if not c.nullable] == ["id", "name"]
    assert [c.name for c in found["pairs"].columns if not c.nullable] == ["a", "b"]


@pytest.mark.parametrize("pragma", ["encoding='UTF-16le'", "page_size=512", "page_size=65536", "auto_vacuum=1"])
def test_however_it_is_stored_it_says_the_same(pragma: str) -> None:
    data = database(SHOP, pragma)
    assert read(data) == read(database(SHOP))
    assert {n: t.columns for n, t in read(data, None, Sqlite(in_memory=0, whole=0)).items() if n == "pairs"} == {
        "pairs": read(database(SHOP))["pairs"].columns
    }


@pytest.fixture(params=["nameless", "named"])
def spool_folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made: by systems that have files without a name, and by others."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_from_a_temporary_file_it_says_the_same_and_leaves_none(spool_folder: Path) -> None:
    data = database(SHOP)
    assert read(data, None, Sqlite(in_memory=0)) == read(data)
    assert list(spool_folder.iterdir()) == []


def test_a_reader_that_is_left_alone_leaves_no_file(spool_folder: Path) -> None:
    data = database(SHOP)
    steps = Sqlite(in_memory=0).read(Opened("a.db", len(data), data[:1000], b""), ReadOptions())
    assert next(steps)[0] == 1000
    assert all(path.stat().st_mode & 0o077 == 0 for path in spool_folder.iterdir()), "nobody else may read it"
    steps.close()
    assert list(spool_folder.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files can be counted on Linux only")
def test_no_file_stays_open(spool_folder: Path) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    data = database(SHOP)
    before = opened()
    for _ in range(3):
        read(data, None, Sqlite(in_memory=0))
    assert opened() == before


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps the name of a file that is open")
def test_a_temporary_file_has_a_name_only_while_it_is_opened(spool_folder: Path) -> None:
    with Spool(100) as spool:
        spool.write(90, b"0123456789")
        with spool.named() as path:
            assert path.parent == spool_folder and path.read_bytes() == bytes(90) + b"0123456789"
        assert list(spool_folder.iterdir()) == []


def test_a_disk_that_has_no_room_costs_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    with pytest.raises(FileError, match="needs a temporary file"):
        read(database(SHOP), None, Sqlite(in_memory=0))


def test_rows_are_not_counted_when_nobody_wants_them() -> None:
    found = read(database(SHOP), ReadOptions(row_counts="none"))
    assert {table.row_count for table in found.values()} == {None}
    assert found["customer"].warnings == ()


def big(tables: int) -> bytes:
    """Some megabytes, with the schema on pages all over the file, in interior pages and overflow chains."""
    wide = ", ".join(f"column_number_{at} INTEGER" for at in range(300))
    parts = [f"CREATE TABLE wide ({wide});", "CREATE TABLE filler (data BLOB);"]
    for at in range(tables):
        parts.append(f"CREATE TABLE t{at} (id INTEGER PRIMARY KEY, value{at} TEXT NOT NULL);")
        parts.append(f"INSERT INTO filler VALUES (zeroblob(50000)); INSERT INTO t{at} VALUES (1, 'x');")
    return database("".join(parts), "page_size=1024")


def test_a_large_file_tells_columns_by_a_few_ranges_and_says_why_no_rows() -> None:
    data = big(100)
    options = ReadOptions(sample_bytes=64 << 10)
    reader = Sqlite(in_memory=0, whole=1 << 20)
    found, spans = read_parts(data, "big.db", options, format_=reader)
    whole, _ = read_parts(data, "big.db", options)
    assert len(found.tables) == 102
    assert [t.columns for t in found.tables if t.part != "filler"] == [
        t.columns for t in whole.tables if t.part != "filler"
    ]
    assert all(t.row_count is None and "larger than 1.0 MB" in t.warnings[0] for t in found.tables)
    assert all(t.row_count == 1 for t in whole.tables if t.part.startswith("t"))
    assert len(spans) < 60 and sum(end - start for start, end in spans) < len(data) // 1.2


def test_pages_that_lie_together_are_fetched_together() -> None:
    data = database("".join(f"CREATE TABLE some_table_{at} (a TEXT, b TEXT, c TEXT);" for at in range(3000)))
    options = ReadOptions(sample_bytes=64 << 10)
    found, spans = read_parts(data, "a.sqlite", options, format_=Sqlite(in_memory=0, whole=0))
    assert len(found.tables) == 3000
    assert len(spans) <= 4
    assert max(end - start for start, end in spans) <= 8 << 20 < len(data)


def test_a_large_file_is_fetched_whole_when_exact_rows_are_asked_for_and_it_is_not_too_large() -> None:
    data = big(20)
    exact = read(data, EXACT, Sqlite(in_memory=0, whole=0))
    assert exact == read(data)
    larger = read(data, EXACT, Sqlite(in_memory=0, whole=0, largest=100_000))
    assert larger["t1"].row_count is None and "larger than 100.0 KB" in larger["t1"].warnings[0]
    assert columns(larger["t1"]) == columns(exact["t1"])


def test_a_write_ahead_log_is_told_and_only_then() -> None:
    data = bytearray(database("CREATE TABLE t (a); INSERT INTO t VALUES (1)"))
    assert read(bytes(data))["t"].warnings == ()
    data[18:20] = b"\2\2"
    for reader in (None, Sqlite(in_memory=0)):
        [table] = read(bytes(data), None, reader).values()
        assert table.row_count == 1 and table.warnings == ("it may have newer rows in its write-ahead log",)


def test_an_empty_database_has_no_tables() -> None:
    assert read_parts(database("CREATE TABLE t (a); DROP TABLE t"), "a.sqlite")[0] == FileReading("sqlite", ())


def outcome(data: bytes, key: str) -> str:
    """What becomes of a file: its format, `failed: why`, or `unknown`."""
    opened = Opened(key, len(data), data, data)
    found = detect(opened, ReadOptions())
    if found is None:
        promised = misnamed(opened)
        return "unknown" if promised is None else f"failed: not {promised.name}"
    try:
        read_parts(data, key)
    except FileError as error:
        return f"failed: {error.message}"
    return found.name


def test_what_only_has_the_name_is_told_apart() -> None:
    noise = random.Random(1).randbytes(8192)  # as SQLCipher writes
    berkeley = bytes(12) + b"\x62\x31\x05\x00\x09\0\0\0\0\x10\0\0" + bytes(range(200)) * 20 + bytes(4000)
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
    assert outcome(noise, "a.db").startswith("failed: it is encrypted")
    assert outcome(noise, "a.sqlite").startswith("failed: it is encrypted")
    assert outcome(noise, "a.bin") == "unknown"
    assert outcome(berkeley, "a.db") == outcome(ole, "Thumbs.db") == outcome(b"hello\n", "a.db") == "unknown"
    assert outcome(berkeley, "a.gpkg") == outcome(b"\n\n", "a.sqlite") == "failed: not sqlite"
    assert outcome(b"\n\n", "a.db") == outcome(gzip.compress(database(SHOP)), "a.sqlite.gz") == "unknown"
    assert outcome(b"a,b\n1,2\n3,4\n5,6\n", "a.db") == "csv"
    assert outcome(database(SHOP), "no-suffix") == outcome(database(SHOP), "a.csv") == "sqlite"


def test_cut_anywhere_it_is_an_error_at_once_and_never_half_a_database() -> None:
    data = database(SHOP)
    for length in [*range(16, 200, 7), *range(200, len(data), 1999), len(data) - 1]:
        opened = Opened("a.db", length, data[:length], data[:length])
        with pytest.raises(FileError, match="cut short"):
            next(Sqlite().read(opened, ReadOptions()))


@pytest.mark.parametrize("reader", [None, Sqlite(in_memory=0, whole=0)], ids=["whole", "schema"])
@pytest.mark.parametrize("seed", range(4))
def test_no_flipped_byte_breaks_the_reader(seed: int, reader: Format | None) -> None:
    draw = random.Random(seed)
    data = database(SHOP, "page_size=1024")
    for _ in range(60):
        broken = bytearray(data)
        reach = draw.choice([100, 1024, 8192, len(data)])
        for _ in range(draw.choice([1, 3, 50])):
            broken[draw.randrange(16, reach)] = draw.choice([0, 255, draw.randrange(256)])
        began = time.monotonic()
        try:
            read_parts(bytes(broken), "a.db", format_=reader)
        except FileError as error:
            assert error.message
        assert time.monotonic() - began < 5


def test_a_tree_that_never_ends_is_left_after_a_while() -> None:
    """Each of a chain of pages refers to the next one a hundred times: more rows than anyone can count."""
    page = 1024
    data = bytearray(database("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(40000));", f"page_size={page}"))
    for number in range(2, 18):
        cells = 100
        tree = bytearray(page)
        start = page - cells * 5
        tree[0] = 5
        tree[3:5], tree[5:7] = cells.to_bytes(2, "big"), start.to_bytes(2, "big")
        tree[8:12] = (number + 1).to_bytes(4, "big")
        for cell in range(cells):
            at = start + cell * 5
            tree[12 + cell * 2 : 14 + cell * 2] = at.to_bytes(2, "big")
            tree[at : at + 4], tree[at + 4] = (number + 1).to_bytes(4, "big"), cell
        data[(number - 1) * page : number * page] = tree
    one_row = b"\x02\x01\x02\x00"
    leaf = b"\x0d\0\0\0\x01" + (page - 4).to_bytes(2, "big") + b"\0" + (page - 4).to_bytes(2, "big")
    data[17 * page : 18 * page] = leaf + bytes(page - 14) + one_row
    began = time.monotonic()
    [table] = read(bytes(data), None, Sqlite(seconds=0.3)).values()
    assert time.monotonic() - began < 5
    assert columns(table) == {"a": "string"}
    assert table.row_count is None and table.warnings == ("its rows were not counted within 0.3 s",)


def test_a_view_that_never_ends_is_left_after_a_while_too() -> None:
    endless = (
        "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n"
    )
    began = time.monotonic()
    [table] = read(database(endless), None, Sqlite(seconds=0.3)).values()
    assert time.monotonic() - began < 5
    assert columns(table) == {"m": "string"}


def test_a_schema_that_refers_to_itself_is_an_error() -> None:
    data = bytearray(big(20))
    assert data[100] == 5, "the schema's first page is an interior one"
    data[108:112] = (1).to_bytes(4, "big")
    with pytest.raises(FileError, match="refers to itself"):
        read(bytes(data), None, Sqlite(in_memory=0, whole=0))
