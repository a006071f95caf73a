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
    deleted in live ones (`deleted`), why others are set aside, and of live ones that had to be read, but could
    not, the reason and the format (`failed`). `live` is how many were listed and are known, None when
    the log does not tell which are live; `complete` when those are all.
    """

    fingerprint: str
    table: Table
    deleted: Mapping[str, int]
    set_aside: Mapping[str, str]
    failed: Mapping[str, tuple[str, str | None]]
    live: int | None
    complete: bool


def fingerprint(log: Iterable[DataFile], others: Iterable[str] = ()) -> str:
    """Changes when any file of a log does, or when others come or go."""
    parts = [sorted((file.key, file.size, file.etag or str(file.modified)) for file in log), sorted(others)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def to_text(facts: Facts) -> str:
    """Facts as JSON text."""
    table = asdict(facts.table)
    files = [dict(facts.deleted), dict(facts.set_aside), dict(facts.failed), facts.live, facts.complete]
    return json.dumps([facts.fingerprint, table, *files])


def from_text(text: str) -> Facts | None:
    """The inverse of `to_text`; None when another version of nuvyn wrote it."""
    try:
        print_, table, deleted, set_aside, failed, live, complete = json.loads(text)
        columns = tuple(_column(column) for column in table["columns"])
        source = table["row_count_source"]
        known = table | {
            "columns": columns,
            "row_count_source": None if source is None else CountSource(source),
            "partition_columns": tuple(table["partition_columns"]),
            "warnings": tuple(table["warnings"]),
        }
        whys = {key: (error, file_type) for key, (error, file_type) in failed.items()}
        return Facts(print_, Table(**known), deleted, set_aside, whys, live, complete)
    except (ValueError, TypeError, KeyError):
        return None


def _column(found: dict[str, Any]) -> MergedColumn:
    values = {entry.name: found[entry.name] for entry in fields(MergedColumn)}
    lists = {name: tuple(values[name]) for name in ("type_variants", "samples")}
    return MergedColumn(**values | lists | {"type_source": TypeSource(values["type_source"])})
