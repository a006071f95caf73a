"""Iceberg tables made of their files: metadata, manifest lists and manifests with just what readers need."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro

LOCATION = "s3://warehouse/db/t"
FIELDS = [
    {"id": 1, "name": "id", "type": "long", "required": True},
    {"id": 2, "name": "name", "type": "string", "required": False, "doc": "who"},
]
DATA, POSITIONS, EQUALITY = 0, 1, 2

_FILE = {
    "type": "record",
    "name": "r2",
    "fields": [
        {"name": "content", "type": "int"},
        {"name": "file_path", "type": "string"},
        {"name": "file_format", "type": "string"},
        {"name": "partition", "type": {"type": "record", "name": "r102", "fields": []}},
        {"name": "record_count", "type": "long"},
        {"name": "file_size_in_bytes", "type": "long"},
        {"name": "column_sizes", "type": ["null", {"type": "map", "values": "long"}]},
        {"name": "referenced_data_file", "type": ["null", "string"]},
    ],
}
_ENTRY = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [
        {"name": "status", "type": "int"},
        {"name": "snapshot_id", "type": ["null", "long"]},
        {"name": "sequence_number", "type": ["null", "long"]},
        {"name": "data_file", "type": _FILE},
    ],
}
_MANIFEST = {
    "type": "record",
    "name": "manifest_file",
    "fields": [
        {"name": "manifest_path", "type": "string"},
        {"name": "manifest_length", "type": "long"},
        {"name": "content", "type": "int"},
        {"name": "sequence_number", "type": "long"},
        {"name": "added_files_count", "type": "int"},
        {"name": "existing_files_count", "type": "int"},
    ],
}


def avro(schema: dict[str, Any], records: list[dict[str, Any]], codec: str = "deflate") -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(dict(schema)), records, codec=codec)
    return out.getvalue()


def entry(
    path: str,
    rows: int,
    *,
    content: int = DATA,
    status: int = 1,
    sequence: int | None = None,
    format: str = "PARQUET",
    refers_to: str | None = None,
) -> dict[str, Any]:
    file = {
        "content": content,
        "file_path": f"{LOCATION}/{path}",
        "file_format": format,
        "partition": {},
        "record_count": rows,
        "file_size_in_bytes": 100,
        "column_sizes": {"1": 8},
        "referenced_data_file": refers_to and f"{LOCATION}/{refers_to}",
    }
    return {"status": status, "snapshot_id": 1, "sequence_number": sequence, "data_file": file}


def metadata(*, location: str = LOCATION, snapshot: dict[str, Any] | None = None, **more: Any) -> bytes:
    found = {
        "format-version": 2,
        "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
        "location": location,
        "schemas": [{"schema-id": 0, "type": "struct", "fields": FIELDS}],
        "current-schema-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "default-spec-id": 0,
        "current-snapshot-id": -1,
        "snapshots": [],
    }
    if snapshot is not None:
        found |= {"current-snapshot-id": 1, "snapshots": [{"snapshot-id": 1, "summary": {}} | snapshot]}
    return json.dumps(found | more).encode()


def table(*manifests: tuple[int, list[dict[str, Any]]], codec: str = "deflate", **more: Any) -> dict[str, bytes]:
    """A table at `t`: each manifest is its sequence number and its entries."""
    objects: dict[str, bytes] = {}
    listed = []
    for at, (sequence, entries) in enumerate(manifests):
        name = f"metadata/m{at}.avro"
        objects[f"t/{name}"] = avro(_ENTRY, entries, codec)
        content = int(any(e["data_file"]["content"] != DATA for e in entries))
        listed.append(
            {
                "manifest_path": f"{LOCATION}/{name}",
                "manifest_length": 1,
                "content": content,
                "sequence_number": sequence,
                "added_files_count": sum(e["status"] == 1 for e in entries),
                "existing_files_count": sum(e["status"] == 0 for e in entries),
            }
        )
    objects["t/metadata/snap-1.avro"] = avro(_MANIFEST, listed, codec)
    snapshot = {"manifest-list": f"{LOCATION}/metadata/snap-1.avro"} | more.pop("snapshot", {})
    return objects | {"t/metadata/v1.metadata.json": metadata(snapshot=snapshot, **more)}
