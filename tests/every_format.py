"""One small lake with a table of every format, and of every kind of trouble."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import sqlite3
import tempfile
from pathlib import Path

import duckdb
import fastavro
import openpyxl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc

from core.formats.zstd import zstd
from tests.lakehouse import delta_log, iceberg_files

COLUMNS = pa.table({"id": pa.array(range(50), pa.int32()), "name": [f"n{at}" for at in range(50)]})


def _avro() -> bytes:
    schema = {
        "type": "record",
        "name": "r",
        "fields": [{"name": "id", "type": "int"}, {"name": "name", "type": "string"}],
    }
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), COLUMNS.to_pylist())
    return out.getvalue()


def orc_bytes(table: pa.Table) -> bytes:
    out = io.BytesIO()
    orc.write_table(table, out)
    return out.getvalue()


def arrow_bytes(table: pa.Table) -> bytes:
    out = io.BytesIO()
    feather.write_feather(table, out)
    return out.getvalue()


def _stream() -> bytes:
    out = io.BytesIO()
    with pa.ipc.new_stream(out, COLUMNS.schema) as writer:
        writer.write_table(COLUMNS)
    return out.getvalue()


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "people"
    for row in (("id", "name"), (1, "a"), (2, "b")):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sqlite() -> bytes:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO t VALUES (?, ?)", [(at, f"n{at}") for at in range(50)])
        database.commit()
        data: bytes = database.serialize()
    database.close()
    return data


def _duckdb() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.duckdb"
        with duckdb.connect(str(path)) as database:
            database.execute("CREATE TABLE t AS SELECT range AS id, 'n' || range AS name FROM range(50)")
        return path.read_bytes()


def lake() -> dict[str, bytes]:
    """Objects by key: read, ignored, unknown and failed ones, and two lakehouse tables."""
    csv = b"id;name\n" + b"".join(f"{at};n{at}\n".encode() for at in range(50))
    parquet = delta_log.table_bytes(COLUMNS)
    delta = {
        delta_log.key(0): delta_log.commit(delta_log.protocol(), delta_log.meta(), delta_log.add("a b.parquet", 5)),
        delta_log.key(1): delta_log.commit(delta_log.add("n.parquet", None), delta_log.remove("a b.parquet")),
        "t/a b.parquet": b"removed",
        "t/n.parquet": delta_log.parquet(7),
    }
    iceberg = iceberg_files.table((1, [iceberg_files.entry("data/x=1/a.parquet", 3)]))
    return {
        "parquet/d=2024-01-01/part-0.parquet": parquet,
        "parquet/d=2024-01-02/part-0.parquet": parquet,
        "orc/x.orc": orc_bytes(COLUMNS),
        "avro/x.avro": _avro(),
        "arrow/x.feather": arrow_bytes(COLUMNS),
        "arrow/y.arrows": _stream(),
        "books/people.xlsx": _workbook(),
        "db/lite.sqlite": _sqlite(),
        "db/duck.duckdb": _duckdb(),
        "db/duck.duckdb.wal": b"what is not written yet",
        "csv/x.csv": csv,
        "csv/packed/x.csv.gz": gzip.compress(csv, mtime=0),
        "csv/packed/y.csv.zst": zstd.compress(csv),
        "csv/packed/z.csv.bz2": bz2.compress(csv),
        "json/x.json": json.dumps(COLUMNS.to_pylist()).encode(),
        "json/x.ndjson": b"".join(json.dumps(row).encode() + b"\n" for row in COLUMNS.to_pylist()),
        "lying/x.csv": parquet,
        "no suffix/x": parquet,
        "odd/a b?c#d%20+&[1]é;'*.csv": b"x,y\n1,2\n",
        "broken/cut.parquet": parquet[:-9],
        "broken/cut.avro": _avro()[:30],
        "broken/x.json": b'[{"a": ',
        "empty.csv": b"",
        "picture.png": b"\x89PNG\r\n\x1a\n",
        "_SUCCESS": b"",
        **{f"delta/{key}": data for key, data in delta.items()},
        **{f"iceberg/{key}": data for key, data in iceberg.items()},
        "iceberg/t/data/x=1/a.parquet": b"never read",
    }
