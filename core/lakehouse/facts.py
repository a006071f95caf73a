"""What is kept of a lakehouse table between runs, so that an unchanged log is not read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from core.catalog import CountSource, DataFile, MergedColumn, Table, TypeSource


@dataclass(frozen=True, slots=True)
class Facts:
    """A table as its log told, and by key what the log told of files besides: how many rows are
    deleted in live ones (`deleted`), and why others are set aside."""

    fingerprint: str
    table: Table
    deleted: Mapping[str, int]
    set_aside: Mapping[str, str]


def fingerprint(log: Iterable[DataFile]) -> str:
    """Changes when any file of a log does."""
    parts = sorted((file.key, file.size, file.etag or str(file.modified)) for file in log)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def to_text(facts: Facts) -> str:
    """Facts as JSON text."""
    table = asdict(facts.table) | {"keys": []}
    return json.dumps([facts.fingerprint, table, dict(facts.deleted), dict(facts.set_aside)])


def from_text(text: str) -> Facts:
    """The inverse of `to_text`."""
    print_, table, deleted, set_aside = json.loads(text)
    columns = tuple(_column(column) for column in table["columns"])
    source = table["row_count_source"]
    known = table | {
        "columns": columns,
        "row_count_source": None if source is None else CountSource(source),
        "partition_columns": tuple(table["partition_columns"]),
        "warnings": tuple(table["warnings"]),
        "keys": (),
    }
    return Facts(print_, Table(**known), deleted, set_aside)


def _column(found: dict[str, Any]) -> MergedColumn:
    values = {entry.name: found[entry.name] for entry in fields(MergedColumn)}
    lists = {name: tuple(values[name]) for name in ("type_variants", "samples")}
    return MergedColumn(**values | lists | {"type_source": TypeSource(values["type_source"])})
