"""Delta tables made of log lines: whatever a writer may have written, in as few words as can be."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = [("id", "long"), ("name", "string")]

Action = dict[str, Any]


def key(version: int, what: str = "json") -> str:
    return f"t/_delta_log/{version:020d}.{what}"


def field(name: str, type_: Any, *, nullable: bool = True, **metadata: Any) -> Action:
    return {"name": name, "type": type_, "nullable": nullable, "metadata": metadata}


def meta(*fields: Action, partitions: tuple[str, ...] = (), **more: Any) -> Action:
    found = list(fields) or [field(name, type_) for name, type_ in SCHEMA]
    schema = json.dumps({"type": "struct", "fields": found})
    return {
        "metaData": {
            "id": "0",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": schema,
            "partitionColumns": list(partitions),
            "configuration": {},
        }
        | more
    }


def protocol(reader: int = 1, *features: str) -> Action:
    return {
        "protocol": {"minReaderVersion": reader, "minWriterVersion": 2}
        | ({"readerFeatures": list(features), "writerFeatures": list(features)} if features else {})
    }


def vector(cardinality: int, name: str = "ab^-aqEH.-t@S}K{vb[*k^") -> Action:
    return {"storageType": "u", "pathOrInlineDv": name, "offset": 1, "sizeInBytes": 36, "cardinality": cardinality}


def add(path: str, rows: int | None = 10, *, deletes: Action | None = None, stats: Any = None) -> Action:
    told = stats if stats is not None else None if rows is None else json.dumps({"numRecords": rows})
    return {
        "add": {"path": path, "partitionValues": {}, "size": 100, "modificationTime": 0, "dataChange": True}
        | ({"stats": told} if told is not None else {})
        | ({"deletionVector": deletes} if deletes else {})
    }


def remove(path: str, *, deletes: Action | None = None) -> Action:
    return {"remove": {"path": path, "dataChange": True} | ({"deletionVector": deletes} if deletes else {})}


def commit(*actions: Action) -> bytes:
    return "".join(json.dumps(action) + "\n" for action in actions).encode()


def parquet(rows: int, columns: tuple[str, ...] = ("id", "name")) -> bytes:
    return table_bytes(pa.table({name: list(range(rows)) for name in columns}))


def table_bytes(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


_PAIRS = pa.map_(pa.string(), pa.string())
_VECTOR = pa.struct(
    {
        "storageType": pa.string(),
        "pathOrInlineDv": pa.string(),
        "offset": pa.int32(),
        "sizeInBytes": pa.int32(),
        "cardinality": pa.int64(),
    }
)
CHECKPOINT = pa.schema(
    {
        "metaData": pa.struct(
            {
                "id": pa.string(),
                "name": pa.string(),
                "schemaString": pa.string(),
                "partitionColumns": pa.list_(pa.string()),
                "configuration": _PAIRS,
            }
        ),
        "protocol": pa.struct(
            {
                "minReaderVersion": pa.int32(),
                "minWriterVersion": pa.int32(),
                "readerFeatures": pa.list_(pa.string()),
                "writerFeatures": pa.list_(pa.string()),
            }
        ),
        "add": pa.struct(
            {
                "path": pa.string(),
                "partitionValues": _PAIRS,
                "size": pa.int64(),
                "stats": pa.string(),
                "stats_parsed": pa.struct({"numRecords": pa.int64()}),
                "deletionVector": _VECTOR,
            }
        ),
        "remove": pa.struct({"path": pa.string(), "dataChange": pa.bool_()}),
        "sidecar": pa.struct({"path": pa.string(), "sizeInBytes": pa.int64(), "modificationTime": pa.int64()}),
    }
)


def checkpoint(*actions: Action, **options: Any) -> bytes:
    """A checkpoint in Parquet, with the columns that Spark writes."""
    rows = []
    for action in actions:
        [(name, value)] = action.items()
        known = {entry.name for entry in CHECKPOINT.field(name).type}
        rows.append({name: {k: _pairs(k, v) for k, v in value.items() if k in known}})
    return table_bytes(pa.Table.from_pylist(rows, schema=CHECKPOINT), **options)


def _pairs(name: str, value: Any) -> Any:
    return list(value.items()) if name in ("configuration", "partitionValues") else value
