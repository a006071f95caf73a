"""Manifest lists and manifests: Avro files that name each other, and at last the data files.

Only the few fields that are used are decoded; the statistics of every column, which are most of
a manifest, are passed over.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from core.errors import first_line
from core.lakehouse.base import LogError

DATA, POSITION_DELETES, EQUALITY_DELETES = 0, 1, 2
_DELETED = 2
_LIST_FIELDS = frozenset({"manifest_path", "content", "sequence_number"})
_ENTRY_FIELDS = frozenset({"status", "sequence_number", "data_file"})
_FILE_FIELDS = frozenset(
    {"content", "file_path", "file_format", "record_count", "file_size_in_bytes", "referenced_data_file"}
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest by its path as written; `sequence` is what its new entries inherit."""

    path: str
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A live file of the snapshot: data or deletes (`content`); `rows` are records in it.

    `refers_to` is the data file that a deletion vector is of.
    """

    content: int
    path: str
    format: str
    rows: int
    size: int
    sequence: int
    refers_to: str | None


def manifest_list(key: str, data: bytes) -> list[Manifest]:
    """The manifests that a manifest list names; raises `LogError`."""
    with _blaming(key):
        return [
            Manifest(str(record["manifest_path"]), int(record.get("sequence_number") or 0))
            for record in _records(data, _LIST_FIELDS)
        ]


def entries(key: str, data: bytes, manifest: Manifest) -> list[Entry]:
    """The entries of a manifest that are not deleted; raises `LogError`."""
    with _blaming(key):
        return [_entry(record, manifest) for record in _records(data, _ENTRY_FIELDS) if record["status"] != _DELETED]


def _entry(record: dict[str, Any], manifest: Manifest) -> Entry:
    file, sequence = record["data_file"], record.get("sequence_number")
    found = Entry(
        content=file.get("content") or DATA,
        path=str(file["file_path"]),
        format=file["file_format"].lower(),
        rows=int(file["record_count"]),
        size=int(file["file_size_in_bytes"]),
        sequence=manifest.sequence if sequence is None else int(sequence),
        refers_to=file.get("referenced_data_file"),
    )
    if found.rows < 0 or found.size < 0:
        raise ValueError("a file of less than nothing")
    return found


@contextmanager
def _blaming(key: str) -> Iterator[None]:
    """What is broken ends the decoder, or what is made of its records, in any way at all."""
    try:
        yield
    except Exception as error:
        raise LogError(f"it cannot be read as a manifest: {first_line(error)}", key) from error


def _records(data: bytes, wanted: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The records of an Avro file, with only the wanted fields of each."""
    import fastavro

    schema = json.loads(fastavro.reader(io.BytesIO(data)).metadata["avro.schema"])
    narrow = schema | {"fields": [_narrowed(field) for field in schema["fields"] if field["name"] in wanted]}
    for record in fastavro.reader(io.BytesIO(data), reader_schema=narrow):
        if not isinstance(record, dict):
            raise ValueError("its entries are no records")
        yield record


def _narrowed(field: dict[str, Any]) -> dict[str, Any]:
    type_ = field["type"]
    if field["name"] != "data_file" or not isinstance(type_, dict):
        return field
    return field | {"type": type_ | {"fields": [f for f in type_["fields"] if f["name"] in _FILE_FIELDS]}}
