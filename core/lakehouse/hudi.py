"""A Hudi table's account of itself, as far as its properties and newest commit tell: columns, not rows.

Which file slices are live follows from the whole timeline, and for merge-on-read tables from log
files; that is not worked out here, and said so.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from typing import Any

from core.catalog import CountSource, DataFile, MergedColumn, TypeSource
from core.datatypes.avro import Names
from core.lakehouse.base import Account, Folder, LogError, Steps, whole

_COMMIT = re.compile(r"(\d{14,17})(?:_\d{14,17})?\.(?:commit|deltacommit|replacecommit)")
_FACTS = ("name", "type", "version", "recordkey.fields", "partition.fields", "precombine.field", "base.file.format")
_MOST_COMMITS = 16
_AVRO = b"Obj\x01"
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_PREFIX = "hoodie.table."


def read_hudi(folder: Folder) -> Steps:
    """The columns of the newest commit, or of the table's creation.

    Raises:
        LogError: neither tells a schema.
    """
    about = next((file for file in folder.log if file.key == folder.key(".hoodie/hoodie.properties")), None)
    newest, *older = _commits(folder)[:_MOST_COMMITS] or [None]
    files = [file for file in (about, newest) if file is not None]
    contents = dict(zip((file.key for file in files), (yield [whole(file) for file in files]), strict=True))
    properties = _properties(contents[about.key]) if about is not None else {}
    schema = _committed(contents[newest.key]) if newest is not None else None
    if schema is None and older:
        # What drops a partition, say, has no schema of its own.
        before = yield [whole(file) for file in older if file is not None]
        schema = next(filter(None, map(_committed, before)), None)
    schema = schema or properties.get(f"{_PREFIX}create.schema")
    source = newest or about or folder.log[0]
    if schema is None:
        raise LogError("neither its properties nor its newest commits tell a schema", source.key)
    # A field may carry how its values are made: `day:SIMPLE`.
    named = properties.get(f"{_PREFIX}partition.fields", "").split(",")
    partitions = [name.partition(":")[0].strip() for name in named]
    try:
        columns = Names().fields(json.loads(schema))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise LogError(f"its schema cannot be read: {error}", source.key) from error
    return Account(
        columns=tuple(
            MergedColumn(
                f.name, f.type, f.nullable, f.name in partitions, f.native, TypeSource.LOG, 0, comment=f.comment
            )
            for f in columns
        ),
        files=None,
        row_count_source=CountSource.LOG,
        rows_certain=False,
        properties={f"hudi.{name}": properties[_PREFIX + name] for name in _FACTS if properties.get(_PREFIX + name)},
        warnings=("which files of a Hudi table are live, and so its rows, is not worked out",),
    )


def _commits(folder: Folder) -> list[DataFile | None]:
    """The completed commits of the timeline (in `.hoodie/`, since version 1 in `.hoodie/timeline/`), newest first.

    The table that Hudi keeps of its own files (`.hoodie/metadata/`) has a timeline too, which is not this table's.
    """
    timelines = (folder.key(".hoodie"), folder.key(".hoodie/timeline"))
    placed = [(*file.key.rpartition("/")[::2], file) for file in folder.log]
    found = [(match[1], file) for at, name, file in placed if at in timelines and (match := _COMMIT.fullmatch(name))]
    return [file for _, file in sorted(found, key=lambda entry: entry[0], reverse=True)]


def _properties(content: bytes) -> Mapping[str, str]:
    """A Java properties file, of which only what Hudi writes is understood."""
    found = {}
    for line in content.decode("utf-8", "replace").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "!")):
            found[name.strip()] = _ESCAPED.sub(
                lambda match: chr(int(match[1], 16)) if match[1] else match[2], value.strip()
            )
    return found


def _committed(content: bytes) -> str | None:
    """The Avro schema that a commit carries, which is JSON or, since version 1, an Avro file."""
    try:
        schema = (_avro(content) if content.startswith(_AVRO) else json.loads(content))["extraMetadata"]["schema"]
    except Exception:  # whatever a broken file ends the decoder with: it tells no schema
        return None
    return schema if isinstance(schema, str) and schema else None


def _avro(content: bytes) -> Any:
    import fastavro

    return next(iter(fastavro.reader(io.BytesIO(content))))
