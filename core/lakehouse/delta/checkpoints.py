"""Delta checkpoints into a state: single files, parts, and version 2 with its sidecars."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import pyarrow as pa

from core.catalog import DataFile
from core.errors import first_line
from core.lakehouse.base import Ask, Folder, LogError, whole
from core.lakehouse.delta.state import State, rows_of
from core.lakehouse.parquet import read_leaves

_WHOLE = ("metaData.", "protocol.", "domainMetadata.", "sidecar.", "add.deletionVector.")
_SINGLE = frozenset({"add.path", "add.size", "add.stats", "add.stats_parsed.numRecords"})

Steps = Generator[Sequence[Ask], Sequence[bytes], None]


def read_checkpoint(folder: Folder, parts: Sequence[DataFile], state: State) -> Steps:
    """Apply a checkpoint (all its parts) to an empty state.

    Raises:
        LogError: a part or a sidecar is missing or broken.
    """
    sidecars: list[DataFile] = []
    for part in parts:
        for name in (yield from _read(part, state)):
            sidecar = folder.files.get(folder.key(f"_delta_log/_sidecars/{name.rpartition('/')[2]}"))
            if sidecar is None:
                raise LogError(f"its sidecar {name} is not stored here", part.key)
            sidecars.append(sidecar)
    for sidecar in sidecars:
        yield from _read(sidecar, state)


def _read(file: DataFile, state: State) -> Generator[Sequence[Ask], Sequence[bytes], list[str]]:
    """Apply one file of a checkpoint; returns the sidecars that it names."""
    try:
        if file.key.endswith(".json"):
            [data] = yield [whole(file)]
            return _apply_lines(data, state)
        sidecars: list[str] = []
        yield from read_leaves(file, _wanted, lambda batch: sidecars.extend(_apply(batch, state)))
        return sidecars
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise LogError(f"it is no checkpoint: {first_line(error)}", file.key) from error


def _wanted(leaf: str) -> bool:
    return leaf in _SINGLE or leaf.startswith(_WHOLE)


def _apply_lines(data: bytes, state: State) -> list[str]:
    sidecars = []
    for line in data.splitlines():
        action = json.loads(line) if line.strip() else {}
        if "remove" in action:
            continue  # kept for whoever cleans up: what it names is not among the live ones here
        state.apply(action)
        if "sidecar" in action:
            sidecars.append(_text(action["sidecar"]["path"]))
    return sidecars


def _apply(batch: pa.RecordBatch, state: State) -> list[str]:
    for name in ("metaData", "protocol", "domainMetadata"):
        for value in _present(batch, name):
            state.apply({name: _plain(value)})
    adds = _column(batch, "add")
    if adds is not None and len(adds):
        sizes, stats = _leaf(adds, "size"), _leaf(adds, "stats")
        parsed, vectors = _leaf(adds, "stats_parsed"), _leaf(adds, "deletionVector")
        for at, path in enumerate(adds.field("path").to_pylist()):
            rows = rows_of(stats[at])
            if rows is None and parsed[at] is not None:
                rows = parsed[at].get("numRecords")
            state.add(path, vectors[at], sizes[at], rows)
    return [_text(value["path"]) for value in _present(batch, "sidecar")]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a path that is no text")
    return value


def _column(batch: pa.RecordBatch, name: str) -> Any:
    """The values of a struct column that are not null, or None when there is no such column."""
    if name not in batch.schema.names:
        return None
    column = batch.column(name)
    return column.filter(column.is_valid())


def _present(batch: pa.RecordBatch, name: str) -> Iterator[dict[str, Any]]:
    column = _column(batch, name)
    return iter(() if column is None else column.to_pylist())


def _leaf(struct: Any, name: str) -> list[Any]:
    return struct.field(name).to_pylist() if struct.type.get_field_index(name) >= 0 else [None] * len(struct)


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Arrow gives maps as pairs; JSON has them as objects."""
    pairs = value.get("configuration")
    return value | {"configuration": dict(pairs)} if isinstance(pairs, list) else value
