"""Inputs to begin with, of each target of `tests.fuzz.targets`, and words that its inputs are made of."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Mapping

import pyarrow as pa

from core.formats.zstd import zstd
from core.payload.models import OPTION_NAMES, SOURCE_TYPES
from tests.every_format import COLUMNS, arrow_bytes, lake, orc_bytes
from tests.fuzz.targets import ICEBERG_FILES
from tests.lakehouse import delta_log, iceberg_files

_LAKE = lake()
_NESTED = pa.table(
    {
        "s": pa.array([{"a": 1, "b": ["x"]}, None]),
        "m": pa.array([[("k", 1.5)], None], pa.map_(pa.string(), pa.float64())),
        "t": pa.array([0, None], pa.timestamp("us", "UTC")),
        "d": pa.array([None, None], pa.decimal128(20, 3)),
    }
)

_PAYLOADS = (
    {"workflow_id": "w", "sources": [{"source_id": "a", "data_source_path": "/lake"}]},
    {"workflow_id": "w", "data_source_path": "s3://b/k", "data_source_type": "aws_s3"},
    {
        "job_type": "data_source_metadata_extraction",
        "job_metadata": {
            "workflow_id": "w",
            "tenant_id": "t",
            "sources": [
                {"source_id": 1, "data_source_path": "az://c/x", "options": {"row_counts": "exact"}},
                {"source_id": "b", "data_source_path": "postgresql://u:p@h/d", "connection": "main"},
            ],
            "databricks_credentials": {"token": "dapi0123456789abcdef"},
        },
        "options": {"sample_values": 3, "max_files": 10, "csv": {"delimiter": ";"}},
        "write_to_db": True,
    },
)
_PATHS = (
    "/lake",
    "~/x",
    "C:\\data",
    "file:///a%20b",
    "dbfs:/mnt/x",
    "s3://b/k/*.csv",
    "https://a.blob.core.windows.net/c/x?sv=1&sig=abcdefghij%3D",
    "abfss://c@a.dfs.core.windows.net/x",
    "wasbs://c@a.blob.core.windows.net",
    "http://127.0.0.1:10000/devstoreaccount1/c/x",
    "https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Signature=0123456789abcdef",
    "https://s3.amazonaws.com/b/k",
    "postgresql://user:passwords@h:5432/d?sslmode=require",
    "mysql+pymysql://u@h/d",
    "sqlite:////tmp/x.db",
    "${NAME}/x",
    "gs://b/k",
    "zip://a.csv::s3://b/x.zip",
    "https://user:passwords@host:8080/x",
)
_CSVS = (
    _LAKE["csv/x.csv"][:200],
    b"\xef\xbb\xbfa,b\r\n1,2\r\n",
    "a\tb\n1\t\u00e9\n".encode("utf-16"),
    b'"a ""q""";b\n"x\ny";2,5\n',
    b"# note\na|b|c\n2024-01-01|12:00:00|2024-01-01T00:00:00Z\n",
    b"a,a,\n1,2,3,4\n1\n",
    b"sep=;\na;b\n1;2\n",
    b"1,2\n3,4\n",
)
_JSONS = (
    b'[{"a": 1, "b": [1, "x", null]}, {"a": 2.5, "c": {"d": true}}]',
    b'{"a": 1}\n{"a": "x", "b": "2024-01-01"}\n',
    b'{"data": [{"a": 1}], "next": null}',
    b'\xef\xbb\xbf{"\\ud83d\\ude00": 123456789012345678901234567890}',
    b'[[1, 2], ["a"]]',
    '{"a": 1}\n'.encode("utf-16-le"),
)


def payload() -> list[bytes]:
    return [json.dumps(each).encode() for each in _PAYLOADS]


def location() -> list[bytes]:
    auto = SOURCE_TYPES.index("auto")
    typed = [bytes([at]) + b"https://x.y/c/k" for at in range(len(SOURCE_TYPES))]
    return [bytes([auto]) + path.encode() for path in _PATHS] + typed


def csv() -> list[bytes]:
    return [bytes([how]) + data for data in _CSVS for how in (0, 7, 72)]


def packed() -> list[bytes]:
    data = _CSVS[0]
    return [gzip.compress(data, mtime=0), zstd.compress(data), bz2.compress(data), *_JSONS]


def jsons() -> list[bytes]:
    return [bytes([how]) + data for data in _JSONS for how in (0, 7, 8)]


def footer() -> list[bytes]:
    files = {
        0: (delta_log.table_bytes(COLUMNS), delta_log.table_bytes(_NESTED, compression="none")),
        1: (orc_bytes(COLUMNS), orc_bytes(_NESTED)),
        2: (_LAKE["avro/x.avro"], _LAKE["iceberg/t/metadata/m0.avro"]),
        3: (arrow_bytes(COLUMNS), arrow_bytes(_NESTED)),
        4: (_LAKE["arrow/y.arrows"],),
    }
    whole = [bytes([how]) + data for how, datas in files.items() for data in datas]
    return whole + [bytes([how | 128]) + part for how, datas in files.items() for part in map(_footer_of, datas)]


def _footer_of(data: bytes) -> bytes:
    if data.startswith(b"PAR1"):
        return data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    if data.startswith(b"ARROW1"):
        return data[-10 - int.from_bytes(data[-10:-6], "little") : -10]
    if data.startswith(b"Obj"):
        return data[data.index(b'{"') : data.rindex(b"}") + 1]
    if data.startswith(b"ORC"):
        script = data[-1 - data[-1] : -1]
        length = script[1] & 127 | (script[2] << 7 if script[1] & 128 else 0)
        return data[-1 - len(script) - length : -1 - len(script)]
    return data[8:]


def log() -> list[bytes]:
    meta = delta_log.meta(
        delta_log.field("a", {"type": "array", "elementType": "long", "containsNull": True}),
        delta_log.field("s", {"type": "struct", "fields": [delta_log.field("x", "decimal(5,2)")]}, nullable=False),
        partitions=("a",),
    )
    commit = delta_log.commit(
        delta_log.protocol(3, "deletionVectors"), meta, delta_log.add("a.parquet", 5, deletes=delta_log.vector(2))
    )
    iceberg = iceberg_files.table((1, [iceberg_files.entry("data/a.parquet", 3)]))
    schema = {"type": "record", "name": "r", "fields": [{"name": "a", "type": ["null", "long"], "doc": "d"}]}
    properties = f"hoodie.table.name=t\nhoodie.table.create.schema={json.dumps(schema)}\n"
    committed = json.dumps({"extraMetadata": {"schema": json.dumps(schema)}})
    parts = (
        [commit, delta_log.commit(delta_log.remove("a.parquet"), delta_log.add("b.parquet", None))],
        [commit],
        [delta_log.checkpoint(delta_log.protocol(), meta, delta_log.add("a.parquet", 5))],
        [meta["metaData"]["schemaString"].encode()],
        *([iceberg[f"t/metadata/{name}"]] for name in ICEBERG_FILES),
        [properties.encode(), committed.encode()],
    )
    return [bytes([how]) + data for how, datas in enumerate(parts) for data in datas]


SEEDS = {
    "payload": payload,
    "location": location,
    "csv": csv,
    "packed": packed,
    "json": jsons,
    "footer": footer,
    "log": log,
}

WORDS: Mapping[str, tuple[str, ...]] = {
    "payload": (
        *(f'"{name}"' for name in (*OPTION_NAMES, *SOURCE_TYPES)),
        *('"workflow_id"', '"sources"', '"source_id"', '"data_source_path"', '"job_metadata"', '"connection"'),
        *("true", "null", "1e999", "NaN", "\\ud83d", "${NAME}", '"password"', '"***"', "[[[[", "\\u0000"),
    ),
    "location": (
        *(
            "s3://",
            "az://",
            "https://",
            "file://",
            "dbfs:/",
            "jdbc:",
            "postgresql://",
            "sqlite:///",
            "::",
            "//",
            "/../",
        ),
        *(
            ".blob.core.windows.net",
            ".s3.amazonaws.com",
            ":passwords@",
            "?sig=",
            "&password=",
            "%2F",
            "%00",
            "%",
            "[",
            "]",
        ),
        *("${NAME}", "${", ":0", "C:\\", "\\\\server\\", "~", "*", "#", "\u202e", "***"),
    ),
    "csv": ('"', '""', ",", ";", "\t", "|", "\n", "\r\n", "\r", "\0", "sep=", "#", "1e400", "NaN", "\u00e9", "\\"),
    "packed": ('"', ",", "\n", "\x1f\x8b", "BZh9"),
    "json": ('"', "{", "}", "[", "]", ":", ",", "\\u0000", "\\ud83d", "1e400", "-", "NaN", "null", "\n", '{"a":'),
    "footer": ("PAR1", "ORC", "Obj\x01", "ARROW1", "\xff\xff\xff\xff", "\0\0\0\0", "\x7f", "\x80"),
    "log": (
        *('"add"', '"remove"', '"metaData"', '"protocol"', '"schemaString"', '"path"', '"stats"', '"deletionVector"'),
        *('{"type":"map"', '"fields"', '"schemas"', '"snapshots"', "9223372036854775808", "-1", "1e999", "\\ud83d"),
        *("hoodie.table.", "\\u00", "[[[[", "%2e%2e/", "null"),
    ),
}
"""Words of a target's inputs, which a fuzzer puts in."""
