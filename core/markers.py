"""Which listed objects are no data: markers, hidden files, and the insides of lakehouse tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_MARKERS = re.compile(
    r"_SUCCESS|_committed_.*|_started_.*|_metadata|_common_metadata|_last_checkpoint|.*\.crc|.*_\$folder\$"
)
_MARKER_ENDS = (".crc", "_$folder$")
# What SQLite and DuckDB keep beside a database while it is written to.
_SIDE_FILES = re.compile(
    r".*\.(?:db|db3|sqlite|sqlite3|s3db|gpkg)-(?:wal|shm|journal)|.*\.(?:db|duckdb|ddb)\.wal", re.IGNORECASE | re.DOTALL
)
_SIDE_ENDS = ("-wal", "-shm", "-journal", ".wal")
_WORK_FOLDERS = frozenset({"_temporary", "_spark_metadata", "_checkpoints", "__MACOSX"})
_LOG_OF = {"_delta_log": "delta", ".hoodie": "hudi"}
_FIRST = ("delta", "iceberg", "hudi")
# `v3.metadata.json` or `00003-UUID.metadata.json`: others may call a file of theirs `metadata.json` too.
_ICEBERG = re.compile(r"(?:(.*)/)?metadata/v?\d+(?:[-.][^/]*)?\.metadata\.json(?:\.gz)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Lakehouse:
    """A folder that a table format keeps its own account of: `delta`, `iceberg` or `hudi`."""

    root: str
    kind: str


def lakehouses(keys: Iterable[str]) -> dict[str, Lakehouse]:
    """The outermost lakehouse tables among listed keys, by root (empty: the source itself).

    A folder may hold more than one account of the same table (Delta's UniForm writes Iceberg metadata too): the
    first of Delta, Iceberg and Hudi speaks for it.
    """
    found: dict[str, Lakehouse] = {}

    def add(root: str, kind: str) -> None:
        if root not in found or _FIRST.index(kind) < _FIRST.index(found[root].kind):
            found[root] = Lakehouse(root, kind)

    for key in keys:
        for folder, kind in _LOG_OF.items():
            at = -1 if folder not in key else f"/{key}".find(f"/{folder}/")
            if at >= 0:
                add(key[: max(0, at - 1)], kind)
        if key.endswith((".metadata.json", ".metadata.json.gz")) and (match := _ICEBERG.fullmatch(key)):
            add(match[1] or "", "iceberg")
    return {root: table for root, table in found.items() if not any(parent in found for parent in parents(root))}


def owner(key: str, tables: dict[str, Lakehouse]) -> Lakehouse | None:
    """The lakehouse table that a key belongs to."""
    if not tables:
        return None
    return next((tables[parent] for parent in parents(key) if parent in tables), None)


def parents(key: str) -> Iterable[str]:
    """Every folder above a key, the source's root (empty) first."""
    if key:
        yield ""
    at = key.find("/")
    while at >= 0:
        if at:
            yield key[:at]
        at = key.find("/", at + 1)


def is_log(key: str, table: Lakehouse) -> bool:
    """Whether a key inside a lakehouse table is part of its log rather than data."""
    below = key[len(table.root) :].lstrip("/")
    return below.startswith(("_delta_log/", ".hoodie/", "metadata/", "_change_data/"))


def ignored_reason(key: str, size: int) -> str | None:
    """Why an object is no data, or None when it may be some.

    Names follow what Hadoop, Spark and Databricks write beside data. `.` and `..` are odd but
    legal parts of a key, not hidden ones.
    """
    folder, _, name = key.rpartition("/")
    if not name and key:
        return "folder placeholder"
    if (name.startswith("_") or name.endswith(_MARKER_ENDS)) and _MARKERS.fullmatch(name):
        return "marker"
    if name[-8:].lower().endswith(_SIDE_ENDS) and _SIDE_FILES.fullmatch(name):
        return "log of a database"
    inside = _reason_of(folder)
    if inside is not None:
        return inside
    if _is_hidden(name):
        return "hidden"
    return "empty" if size == 0 else None


@lru_cache(maxsize=4_096)
def _reason_of(folder: str) -> str | None:
    """Why what lies in a folder is no data; the files of one follow one another."""
    parts = folder.split("/")
    if not _WORK_FOLDERS.isdisjoint(parts):
        return "temporary"
    return "hidden" if any(map(_is_hidden, parts)) else None


def _is_hidden(part: str) -> bool:
    return part.startswith(".") and part not in (".", "..")
