"""Schemas held once: many files say the same one, and then share it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from core.catalog import Column, CountSource, TableReading, TypeSource


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A schema as files say it, one object for all that say the same.

    `key` tells any two apart (samples too); `fingerprint` is equal where names, types and
    nullability are.
    """

    columns: tuple[Column, ...]
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a file says of one table in it; see `TableReading`."""

    schema: Schema
    row_count: int | None
    row_count_source: CountSource | None
    part: str = ""
    warnings: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


_LATELY = 1_024


class SchemaPool:
    """All distinct schemas of one source."""

    def __init__(self) -> None:
        self._schemas: dict[str, Schema] = {}
        # By identity: readers give the same object for files that begin alike.
        self._lately: dict[int, tuple[tuple[Column, ...], Schema]] = {}

    def say(self, reading: TableReading) -> Said:
        """A reading with its schema shared."""
        schema = self._of(reading.columns)
        return Said(
            schema, reading.row_count, reading.row_count_source, reading.part, reading.warnings, reading.properties
        )

    def _of(self, columns: tuple[Column, ...]) -> Schema:
        known = self._lately.get(id(columns))
        if known is not None:
            return known[1]
        schema = self.add(columns_to_text(columns), columns)
        if len(self._lately) >= _LATELY:
            self._lately.clear()
        self._lately[id(columns)] = (columns, schema)
        return schema

    def add(self, text: str, columns: tuple[Column, ...] | None = None) -> Schema:
        """The schema whose `columns_to_text` is `text`."""
        key = _hash(text)
        schema = self._schemas.get(key)
        if schema is None:
            columns = columns_from_text(text) if columns is None else columns
            facts = json.dumps([[c.name, c.type, c.nullable, c.native_type] for c in columns])
            schema = self._schemas[key] = Schema(columns, key, _hash(facts))
        return schema


def columns_to_text(columns: tuple[Column, ...]) -> str:
    """Columns as the JSON text of `file_schemas.columns`."""
    return json.dumps(
        [[c.name, c.type, c.nullable, c.native_type, c.type_source, c.samples, c.is_key, c.comment] for c in columns]
    )


def columns_from_text(text: str) -> tuple[Column, ...]:
    """The inverse of `columns_to_text`."""
    return tuple(
        Column(name, type_, nullable, native, TypeSource(source), tuple(samples), is_key, comment)
        for name, type_, nullable, native, source, samples, is_key, comment in json.loads(text)
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
