"""A Delta table's account of itself, from its log alone."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from core.catalog import CountSource, MergedColumn, TypeSource
from core.datatypes.delta import fields
from core.lakehouse.base import Account, Ask, Folder, LiveFile, LogError, Steps, batches, whole
from core.lakehouse.delta.checkpoints import read_checkpoint
from core.lakehouse.delta.checksum import LARGEST, disagreement
from core.lakehouse.delta.segments import Segment, lost, segments, staged
from core.lakehouse.delta.state import Live, State
from core.lakehouse.paths import Paths
from core.text import plural

_READER_VERSION = 3
# Features that change how a table is read and that are understood here; the rest may change which rows are there.
_FEATURES = frozenset(
    {
        "catalogManaged",
        "catalogOwned-preview",
        "columnMapping",
        "deletionVectors",
        "geospatial",
        "timestampNtz",
        "typeWidening",
        "typeWidening-preview",
        "v2Checkpoint",
        "vacuumProtocolCheck",
        "variantShredding",
        "variantShredding-preview",
        "variantType",
        "variantType-preview",
    }
)
_ABSOLUTE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:/")
_CLUSTERING = "delta.clustering"


def read_delta(folder: Folder) -> Steps:
    """The account of the newest version.

    Raises:
        LogError: no version can be told.
    """
    warnings: list[str] = []
    broken: LogError | None = None
    for segment in segments(folder.log):
        try:
            state = yield from _replay(folder, segment, warnings)
        except LogError as error:
            if error.key in {file.key for file in segment.commits}:
                raise
            broken = broken or error
            warnings.append(f"checkpoint {error.key} is passed over: {error.message}")
            continue
        try:
            return _account(folder, segment, state, warnings)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise LogError(
                f"what its log says of the table is not as it should be: {error}", segment.last.key
            ) from error
    raise broken or LogError("no version of it can be read")


def _replay(folder: Folder, segment: Segment, warnings: list[str]) -> Generator[Sequence[Ask], Sequence[bytes], State]:
    state = State()
    if segment.checkpoint:
        yield from read_checkpoint(folder, segment.checkpoint, state)
    checksum = segment.checksum if segment.checksum is not None and segment.checksum.size <= LARGEST else None
    for batch in batches((*segment.commits, *([checksum] if checksum else ()))):
        contents = yield [whole(file) for file in batch]
        for file, content in zip(batch, contents, strict=True):
            if file is not checksum:
                _commit(file.key, content, state)
            elif wrong := disagreement(content, state):
                warnings.append(wrong)
    return state


def _commit(key: str, content: bytes, state: State) -> None:
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            action = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LogError(f"line {number} is not JSON", key) from error
        try:
            state.apply(action)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise LogError(f"line {number} is no action of a Delta log", key) from error


def _account(folder: Folder, segment: Segment, state: State, warnings: list[str]) -> Account:
    if state.metadata is None:
        raise LogError("its log declares no schema", segment.last.key)
    unknown = _unknown_features(state.protocol)
    if unknown:
        warnings.append(
            f"its log needs what nuvyn does not know ({', '.join(unknown)});"
            " columns are as declared, rows cannot be told"
        )
    if staged(folder.log, segment.version):
        warnings.append("a catalog manages its commits; those not published yet are not seen")
    if (version := lost(folder.log, segment.version)) is not None:
        warnings.append(
            f"this is version {segment.version}, but its log has traces of version {version}, whose commit is missing"
        )
    if state.unknown:
        warnings.append(f"its log has actions that are not known: {', '.join(sorted(state.unknown)[:5])}")
    if state.astray:
        warnings.append(f"{plural(state.astray, 'removal')} of files that were not live: its log is damaged")
    if empty := [file.key for file in segment.commits if not file.size]:
        warnings.append(f"{plural(len(empty), 'commit')} of its log without content, the first {empty[0]}")
    outside = Paths(folder, "")
    live = [_live(folder, outside, file) for file in state.files.values()]
    elsewhere = sum(file.key is None for file in live)
    if elsewhere:
        warnings.append(f"{elsewhere} of its {len(live)} live files are not stored here")
    return Account(
        columns=_columns(state.metadata, len(live), segment.last.key),
        files=tuple(live),
        row_count_source=CountSource.LOG,
        rows_certain=not unknown,
        set_aside={key: "deletion vector" for key in folder.files if _is_vector(key)},
        properties=_properties(segment, state),
        comment=about if isinstance(about := state.metadata.get("description"), str) else None,
        warnings=tuple(warnings),
    )


def _unknown_features(protocol: Mapping[str, Any]) -> list[str]:
    version = int(protocol.get("minReaderVersion") or 1)
    if version > _READER_VERSION:
        return [f"reader version {version}"]
    return sorted(set(protocol.get("readerFeatures") or ()) - _FEATURES)


def _live(folder: Folder, outside: Paths, file: Live) -> LiveFile:
    """A live file where it is listed. Old writers did not all encode their paths: these are tried as written too."""
    path = unquote(file.path)
    if _ABSOLUTE.match(file.path):
        # To another table's folder (a shallow clone), or into this one, wherever it was then.
        here = outside.find(path)
        here = here if here is not None and here.size == file.size else None
    else:
        here = folder.files.get(folder.key(path)) or folder.files.get(folder.key(file.path))
    # The listing's own text of the key: a table may have millions.
    return LiveFile(here.key if here else None, file.size, file.rows, file.deleted)


def _is_vector(key: str) -> bool:
    name = key.rpartition("/")[2]
    return name.startswith("deletion_vector_") and name.endswith(".bin")


def _columns(metadata: Mapping[str, Any], files: int, key: str) -> tuple[MergedColumn, ...]:
    partitions = set(metadata.get("partitionColumns") or ())
    try:
        declared = fields(json.loads(metadata["schemaString"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise LogError(f"the schema in its log cannot be read: {error}", key) from error
    return tuple(
        MergedColumn(
            name=field.name,
            type=field.type,
            nullable=field.nullable,
            is_partition=field.name in partitions,
            native_type=field.native,
            type_source=TypeSource.LOG,
            present_in_files=files,
            comment=field.comment,
        )
        for field in declared
    )


def _properties(segment: Segment, state: State) -> dict[str, str]:
    metadata = state.metadata or {}
    found = {"delta.version": str(segment.version)}
    for name in ("id", "name", "createdTime"):
        if metadata.get(name) is not None:
            found[f"delta.{name}"] = str(metadata[name])
    for name, value in state.protocol.items():
        if value is not None:
            found[f"delta.{name}"] = ",".join(sorted(value)) if isinstance(value, list) else str(value)
    if state.domains.get(_CLUSTERING):
        found[_CLUSTERING] = str(state.domains[_CLUSTERING])
    # What users put there themselves may be anything, secrets too.
    settings = (metadata.get("configuration") or {}).items()
    return found | {name: str(value) for name, value in settings if name.startswith("delta.")}
