"""The words every part of nuvyn speaks: files, columns, readings, tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class TypeSource(StrEnum):
    """Where a column's type was learnt."""

    DECLARED = "declared"
    FOOTER = "footer"
    LOG = "log"
    INFERRED = "inferred"


class CountSource(StrEnum):
    """Where a row count was learnt."""

    FOOTER = "footer"
    LOG = "log"
    MANIFEST = "manifest"
    COUNTED = "counted"
    ESTIMATED = "estimated"
    DATABASE = "database"


class FileStatus(StrEnum):
    """What became of a listed object; each has exactly one."""

    READ = "read"
    UNCHANGED = "unchanged"
    IGNORED = "ignored"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DataFile:
    """One listed object.

    `key` is the opaque name below the source's root (a one-file source: the file's name),
    `size` is in bytes, `modified` is UTC without zone.
    """

    key: str
    size: int
    etag: str | None = None
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column as one file declares it; `type` is a Spark SQL type name, `is_key` whether the primary key has it."""

    name: str
    type: str
    nullable: bool = True
    native_type: str | None = None
    type_source: TypeSource = TypeSource.DECLARED
    samples: tuple[str, ...] = ()
    is_key: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class TableReading:
    """What one file says of one table in it.

    `part` names the table inside the file (an Excel sheet); empty for a file that is one table.
    `row_count` is None when unknown. `properties` are what was found out on the way, by name (`csv.delimiter`).
    """

    columns: tuple[Column, ...]
    row_count: int | None
    row_count_source: CountSource | None
    part: str = ""
    warnings: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file says of itself: its format and its tables."""

    file_type: str
    tables: tuple[TableReading, ...]


@dataclass(frozen=True, slots=True)
class MergedColumn:
    """A column of a table, merged over its files."""

    name: str
    type: str
    nullable: bool
    is_partition: bool
    native_type: str | None
    type_source: TypeSource
    present_in_files: int
    type_variants: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    is_key: bool = False
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a source: its merged schema and what it is made of.

    `path` is the file's key, or the folder's for a table of many files. `grouping` says in a
    few words which rule made it one table; `properties` are facts about it as a whole, by name.
    """

    name: str
    path: str
    file_type: str
    columns: tuple[MergedColumn, ...]
    row_count: int | None
    row_count_source: CountSource | None
    size_bytes: int
    file_count: int
    grouping: str
    partition_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
