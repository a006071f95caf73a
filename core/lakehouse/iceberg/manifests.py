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
# Sums of a table must fit 64 bits too; nothing real comes near.
_TOO_MUCH = 1 << 53
# Version 1 of the format had other names for the counts.
_COUNTS = (("added_files_count", "added_data_files_count"), ("existing_files_count", "existing_data_files_count"))
_LIST_FIELDS = frozenset({"manifest_path", "content", "sequence_number"}.union(*_COUNTS))
_ENTRY_FIELDS = frozenset({"status", "sequence_number", "data_file"})
_FILE_FIELDS = frozenset(
    {"content", "file_path", "file_format", "record_count", "file_size_in_bytes", "referenced_data_file"}
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest by its path as written; `sequence` is what its new entries inherit.

    `files` is how many live entries it has by its manifest list, None when that does not tell.
    """

    path: str
    sequence: int = 0
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A live file of the snapshot: data or deletes (`content`); `rows` are records in it.

    `rows` is None when its writer did not count them. `refers_to` is the data file that deletes are of, when
    they are of one.
    """

    content: int
    path: str
    format: str
    rows: int | None
    size: int
    sequence: int
    refers_to: str | None


def manifest_list(key: str, data: bytes) -> list[Manifest]:
    """The manifests that a manifest list names; raises `LogError`."""
    with _blaming(key):
        return [
            Manifest(str(record["manifest_path"]), int(record.get("sequence_number") or 0), _live(record))
            for record in _records(data, _LIST_FIELDS)
        ]


def entries(key: str, data: bytes, manifest: Manifest) -> list[Entry]:
    """The entries of a manifest that are not deleted; raises `LogError`.

    An Avro file that was cut between two blocks looks whole, so the manifest list's count decides.
    """
    with _blaming(key):
        found = [_entry(record, manifest) for record in _records(data, _ENTRY_FIELDS) if record["status"] != _DELETED]
    if manifest.files is not None and len(found) < manifest.files:
        raise LogError(f"it holds {len(found)} of {manifest.files} live entries: cut short", key)
    return found


def _live(record: dict[str, Any]) -> int | None:
    counts = [next((record[name] for name in names if record.get(name) is not None), None) for names in _COUNTS]
    known = [int(count) for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _entry(record: dict[str, Any], manifest: Manifest) -> Entry:
    file, sequence = record["data_file"], record.get("sequence_number")
    rows, size = int(file["record_count"]), int(file["file_size_in_bytes"])
    if not (-1 <= rows < _TOO_MUCH and 0 <= size < _TOO_MUCH):
        raise ValueError("no file has so many rows or bytes")
    return Entry(
        content=file.get("content") or DATA,
        path=str(file["file_path"]),
        format=file["file_format"].lower(),
        rows=None if rows < 0 else rows,  # migrated Avro files have -1
        size=size,
        sequence=manifest.sequence if sequence is None else int(sequence),
        refers_to=file.get("referenced_data_file"),
    )


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
