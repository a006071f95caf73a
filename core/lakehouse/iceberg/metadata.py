"""The table metadata file: which one is current, and what it says."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.catalog import DataFile, MergedColumn, TypeSource
from core.datatypes.iceberg import spark_type
from core.errors import Fault
from core.lakehouse.base import LogError

NAME = re.compile(r"(?:.*/)?metadata/v?(\d+)(?:[-.][^/]*)?\.metadata\.json(?:\.gz)?", re.DOTALL)
"""`v3.metadata.json`, `00003-UUID.metadata.json`, either with `.gz` before or after; group 1 is the version."""

_FORMATS = (1, 2, 3)
_LARGEST = 256 << 20
_SETTINGS = ("write.", "read.", "commit.", "history.", "gc.")


def newest_first(log: Iterable[DataFile]) -> list[DataFile]:
    """Metadata files, the one that is current first.

    The version in the name decides. A catalog may know better, but cannot be asked here; the
    version hint may be older than the newest version, never newer.
    """
    found = [file for file in log if NAME.fullmatch(file.key)]
    return sorted(
        found,
        key=lambda file: (version(file), file.modified.timestamp() if file.modified else 0, file.key),
        reverse=True,
    )


def version(file: DataFile) -> int:
    """The version in a metadata file's name."""
    match = NAME.fullmatch(file.key)
    return int(match[1]) if match else -1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table's state at one moment: its manifest list, or (version 1) its manifests themselves."""

    id: int
    manifest_list: str | None
    manifests: tuple[str, ...]
    summary: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a metadata file says of the current state; no snapshot means no rows."""

    key: str
    location: str
    columns: tuple[MergedColumn, ...]
    snapshot: Snapshot | None
    properties: Mapping[str, str]
    comment: str | None


def parse(key: str, data: bytes) -> Metadata:
    """Parse a metadata file, compressed or not.

    Raises:
        LogError: it is none, or of a version of the format that is not known.
    """
    try:
        if data.startswith(b"\x1f\x8b"):
            unpacker = zlib.decompressobj(wbits=31)
            data = unpacker.decompress(data, _LARGEST)
            if not unpacker.eof:
                raise LogError("it is cut short, or larger than any table's metadata", key)
        raw = json.loads(data)
        form = raw["format-version"]
        if form not in _FORMATS:
            raise LogError(f"Iceberg format version {form} is not known", key, fault=Fault.UNSUPPORTED)
        return _metadata(key, raw)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError, zlib.error) as error:
        raise LogError(f"it is no table metadata: {_reason(error)}", key) from error


def _metadata(key: str, raw: Mapping[str, Any]) -> Metadata:
    schema = _chosen(raw.get("schemas"), raw.get("current-schema-id"), "schema-id") or raw["schema"]
    names = _names(schema["fields"])
    spec = _chosen(raw.get("partition-specs"), raw.get("default-spec-id"), "spec-id")
    parts = spec["fields"] if spec else raw.get("partition-spec") or []
    keys = set(schema.get("identifier-field-ids") or ())
    partitions = {part["source-id"] for part in parts if part["transform"] == "identity"}
    snapshot = _snapshot(raw)
    settings = raw.get("properties") or {}
    return Metadata(
        key=key,
        location=str(raw.get("location") or "").rstrip("/"),
        columns=tuple(
            MergedColumn(
                name=_text(field["name"]),
                type=spark_type(field["type"]),
                nullable=not field.get("required", False),
                is_partition=field["id"] in partitions,
                native_type=field["type"] if isinstance(field["type"], str) else str(field["type"].get("type")),
                type_source=TypeSource.LOG,
                present_in_files=0,
                is_key=field["id"] in keys,
                comment=_text_or_none(field.get("doc")),
            )
            for field in schema["fields"]
        ),
        snapshot=snapshot,
        properties=_properties(raw, snapshot, parts, names)
        | {name: str(value) for name, value in settings.items() if name.startswith(_SETTINGS)},
        comment=_text_or_none(settings.get("comment")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _chosen(entries: list[dict[str, Any]] | None, id_: int | None, name: str) -> Any:
    return next((entry for entry in entries or () if entry.get(name) == id_), None)


def _snapshot(raw: Mapping[str, Any]) -> Snapshot | None:
    id_ = raw.get("current-snapshot-id")
    id_ = None if id_ == -1 else id_
    main = (raw.get("refs") or {}).get("main")
    if main is not None and main["snapshot-id"] != id_:
        raise ValueError(f"its main branch is at snapshot {main['snapshot-id']}, but {id_} is named as current")
    if id_ is None:
        return None
    found = _chosen(raw.get("snapshots"), id_, "snapshot-id")
    if found is None:
        raise ValueError(f"its current snapshot {id_} is not in it")
    listed = found.get("manifest-list")
    return Snapshot(
        id_,
        None if listed is None else _text(listed),
        tuple(map(_text, found.get("manifests") or ())),
        {name: str(value) for name, value in (found.get("summary") or {}).items()},
    )


def _names(fields: Iterable[Any], prefix: str = "") -> dict[int, str]:
    """Every field's dotted name by its id, nested ones too."""
    found: dict[int, str] = {}
    for field in fields:
        found[field["id"]] = name = f"{prefix}{field['name']}"
        if isinstance(field["type"], dict) and field["type"].get("type") == "struct":
            found |= _names(field["type"]["fields"], f"{name}.")
    return found


def _properties(
    raw: Mapping[str, Any], snapshot: Snapshot | None, parts: list[dict[str, Any]], names: dict[int, str]
) -> dict[str, str]:
    found = {"iceberg.format-version": str(raw["format-version"])}
    for name in ("table-uuid", "last-sequence-number", "last-updated-ms"):
        if raw.get(name) is not None:
            found[f"iceberg.{name}"] = str(raw[name])
    if snapshot is not None:
        found["iceberg.snapshot-id"] = str(snapshot.id)
    if parts:
        found["iceberg.partition-spec"] = ", ".join(_transformed(part, names) for part in parts)
    order = _chosen(raw.get("sort-orders"), raw.get("default-sort-order-id"), "order-id")
    if order and order.get("fields"):
        found["iceberg.sort-order"] = ", ".join(
            f"{_transformed(part, names)} {part['direction']} {part['null-order']}" for part in order["fields"]
        )
    return found


def _transformed(part: Mapping[str, Any], names: dict[int, str]) -> str:
    sources = part.get("source-ids") or [part["source-id"]]
    columns = ", ".join(names.get(source, f"field {source}") for source in sources)
    return columns if part["transform"] == "identity" else f"{part['transform']}({columns})"


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        return "it is not JSON"
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
