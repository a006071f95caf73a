"""A Hudi table's account of itself, as far as its properties and newest commit tell: columns, not rows.

Which file slices are live follows from the whole timeline, and for merge-on-read tables from log
files; that is not worked out here, and said so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from core.catalog import CountSource, DataFile, MergedColumn, TypeSource
from core.datatypes.avro import Names
from core.lakehouse.base import Account, Folder, LogError, Steps, whole

_COMMIT = re.compile(r"(\d{14,17})(?:_\d{14,17})?\.(?:commit|deltacommit|replacecommit)")
_FACTS = ("name", "type", "version", "recordkey.fields", "partition.fields", "precombine.field", "base.file.format")
_PREFIX = "hoodie.table."


def read_hudi(folder: Folder) -> Steps:
    """The columns of the newest commit, or of the table's creation.

    Raises:
        LogError: neither tells a schema.
    """
    about = next((file for file in folder.log if file.key == folder.key(".hoodie/hoodie.properties")), None)
    commit = _newest(folder)
    files = [file for file in (about, commit) if file is not None]
    contents = dict(zip((file.key for file in files), (yield [whole(file) for file in files]), strict=True))
    properties = _properties(contents[about.key]) if about is not None else {}
    schema = _committed(contents[commit.key]) if commit is not None else None
    schema = schema or properties.get(f"{_PREFIX}create.schema")
    source = commit or about or folder.log[0]
    if schema is None:
        raise LogError("neither its properties nor its newest commit tell a schema", source.key)
    partitions = properties.get(f"{_PREFIX}partition.fields", "").split(",")
    try:
        columns = Names().fields(json.loads(schema))
    except (ValueError, RecursionError) as error:
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


def _newest(folder: Folder) -> DataFile | None:
    """The newest completed commit of the timeline (in `.hoodie/`, since version 1 in `.hoodie/timeline/`)."""
    found = [(match[1], file) for file in folder.log if (match := _COMMIT.fullmatch(file.key.rpartition("/")[2]))]
    return max(found, key=lambda entry: entry[0])[1] if found else None


def _properties(content: bytes) -> Mapping[str, str]:
    """A Java properties file, of which only what Hudi writes is understood."""
    found = {}
    for line in content.decode("utf-8", "replace").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", "!")):
            found[name.strip()] = re.sub(r"\\(.)", r"\1", value.strip())
    return found


def _committed(content: bytes) -> str | None:
    """The Avro schema that a commit in JSON carries; newer versions write commits that are not JSON."""
    try:
        schema = json.loads(content)["extraMetadata"]["schema"]
    except (ValueError, KeyError, TypeError):
        return None
    return schema if isinstance(schema, str) and schema else None
