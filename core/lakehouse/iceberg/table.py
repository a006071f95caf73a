"""An Iceberg table's account of itself: metadata, manifest list, manifests."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from core.catalog import CountSource, DataFile
from core.errors import Fault
from core.lakehouse.base import Account, Ask, Folder, LiveFile, LogError, Steps, batches, whole
from core.lakehouse.iceberg.deletes import count_deleted
from core.lakehouse.iceberg.manifests import DATA, Entry, Manifest, entries, manifest_list
from core.lakehouse.iceberg.metadata import Metadata, Snapshot, newest_first, parse, version
from core.lakehouse.paths import Paths


def read_iceberg(folder: Folder) -> Steps:
    """The account of the current snapshot.

    Raises:
        LogError: no metadata file of it can be read.
    """
    warnings: list[str] = []
    metadata = yield from _current(folder, warnings)
    paths = Paths(folder, metadata.location)
    data: list[Entry] = []
    deletes: list[Entry] = []
    try:
        if metadata.snapshot is not None:
            yield from _entries(metadata, metadata.snapshot, paths, data, deletes)
            warnings += _disagreement(metadata.snapshot, data)
        deleted, uncertain = yield from count_deleted(data, deletes, paths)
    except LogError as error:
        return _columns_only(metadata, error, warnings)
    if uncertain:
        warnings.append(f"rows are not known: {uncertain}")
    live = []
    for entry in data:
        file = paths.find(entry.path)
        live.append(
            LiveFile(file.key if file else None, entry.size, entry.rows, deleted.get(entry.path, 0), entry.format)
        )
    elsewhere = sum(file.key is None for file in live)
    if elsewhere:
        warnings.append(f"{elsewhere} of its {len(live)} live files are not stored here")
    return Account(
        columns=tuple(replace(column, present_in_files=len(live)) for column in metadata.columns),
        files=tuple(live),
        row_count_source=CountSource.MANIFEST,
        rows_certain=uncertain is None,
        set_aside={file.key: "delete file" for entry in deletes if (file := paths.find(entry.path))},
        properties=metadata.properties,
        comment=metadata.comment,
        warnings=tuple(warnings),
    )


def _current(folder: Folder, warnings: list[str]) -> Generator[Sequence[Ask], Sequence[bytes], Metadata]:
    """The newest metadata file that can be read."""
    broken: LogError | None = None
    files = newest_first(folder.log)
    if twins := [file.key for file in files[1:] if version(file) == version(files[0])]:
        warnings.append(f"{twins[0]} is of the same version; which is current, only a catalog knows")
    for file in files:
        [content] = yield [whole(file)]
        try:
            return parse(file.key, content)
        except LogError as error:
            if error.fault is not Fault.CORRUPT:
                raise
            broken = broken or error
            warnings.append(f"{file.key} is passed over: {error.message}")
    raise broken or LogError("it has no metadata file")


def _entries(
    metadata: Metadata, snapshot: Snapshot, paths: Paths, data: list[Entry], deletes: list[Entry]
) -> Generator[Sequence[Ask], Sequence[bytes], None]:
    """Sort the snapshot's live entries into data and deletes."""
    manifests = [Manifest(path) for path in snapshot.manifests]
    if snapshot.manifest_list is not None:
        file = _stored(snapshot.manifest_list, paths, metadata.key)
        [content] = yield [whole(file)]
        manifests = manifest_list(file.key, content)
    found = {_stored(manifest.path, paths, metadata.key).key: manifest for manifest in manifests}
    files = [_stored(manifest.path, paths, metadata.key) for manifest in manifests]
    for batch in batches(files):
        contents = yield [whole(file) for file in batch]
        for file, content in zip(batch, contents, strict=True):
            for entry in entries(file.key, content, found[file.key]):
                (data if entry.content == DATA else deletes).append(entry)


def _disagreement(snapshot: Snapshot, data: Sequence[Entry]) -> Iterator[str]:
    """How the manifests differ from the snapshot's own sums, which writers need not keep."""
    counted = {"total-data-files": len(data)}
    if all(entry.rows is not None for entry in data):
        counted["total-records"] = sum(entry.rows or 0 for entry in data)
    for name, count in counted.items():
        told = snapshot.summary.get(name)
        if told is not None and told != str(count):
            yield f"its manifests give {name} = {count}, but its snapshot says {told}"


def _stored(path: str, paths: Paths, key: str) -> DataFile:
    file = paths.find(path)
    if file is None:
        raise LogError(f"its {path.rpartition('/')[2]} is not stored here", key, fault=Fault.NOT_FOUND)
    return file


def _columns_only(metadata: Metadata, error: LogError, warnings: list[str]) -> Account:
    """What is still certain when manifests are missing or broken: columns, and rows if the snapshot sums them up."""
    summary = metadata.snapshot.summary if metadata.snapshot else {}
    deletes = any(summary.get(name, "0") != "0" for name in ("total-position-deletes", "total-equality-deletes"))
    total = summary.get("total-records", "")
    rows = int(total) if re.fullmatch(r"[0-9]{1,18}", total) and not deletes else None
    where = f"{error.key}: " if error.key else ""
    return Account(
        columns=metadata.columns,
        files=None,
        row_count_source=CountSource.MANIFEST,
        rows_certain=False,
        rows=rows,
        properties=metadata.properties,
        comment=metadata.comment,
        warnings=(*warnings, f"which files are live is not known: {where}{error.message}"),
    )
