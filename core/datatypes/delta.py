"""Delta's schemas, which are Spark's JSON, as Spark SQL type names (Delta protocol, "Schema Serialization Format")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.datatypes.spark import quote

_NAMES = {
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "null": "void",
}
_DEEPEST = 100
# A type of a newer Spark is kept by its name.
_WRITTEN = re.compile(r"[a-z][a-z0-9_]*(?:\(\d{1,9}(?:,-?\d{1,9})?\))?")
_WRITTEN_AS = "__CHAR_VARCHAR_TYPE_STRING"


class WrongSchema(ValueError):
    """A value that is no schema."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column as the log declares it; `native` is the log's own name of the type."""

    name: str
    type: str
    nullable: bool
    native: str
    comment: str | None


def fields(schema: Any) -> list[Field]:
    """The columns of a parsed `schemaString`.

    Raises:
        WrongSchema: it is none.
    """
    return [
        Field(
            name=_text(field, "name"),
            type=_type(field.get("type"), 0),
            nullable=bool(field.get("nullable", True)),
            native=_native(field),
            comment=comment if isinstance(comment := _metadata(field).get("comment"), str) else None,
        )
        for field in _fields(schema)
    ]


def _fields(schema: Any) -> list[Any]:
    found = schema.get("fields") if isinstance(schema, dict) else None
    if not isinstance(found, list) or not all(isinstance(field, dict) for field in found):
        raise WrongSchema("a struct without fields")
    return found


def _metadata(field: dict[str, Any]) -> dict[str, Any]:
    found = field.get("metadata")
    return found if isinstance(found, dict) else {}


def _native(field: dict[str, Any]) -> str:
    declared = _metadata(field).get(_WRITTEN_AS)
    type_ = field.get("type")
    if isinstance(declared, str):
        return declared
    return type_ if isinstance(type_, str) else str(type_.get("type")) if isinstance(type_, dict) else str(type_)


def _type(type_: Any, depth: int) -> str:
    if depth > _DEEPEST:
        raise WrongSchema("it is nested too deeply")
    if isinstance(type_, str):
        return _scalar(type_)
    kind = type_.get("type") if isinstance(type_, dict) else None
    if kind == "struct":
        inside = [f"{quote(_text(f, 'name'))}:{_type(f.get('type'), depth + 1)}" for f in _fields(type_)]
        return f"struct<{','.join(inside)}>"
    if kind == "array":
        return f"array<{_type(type_.get('elementType'), depth + 1)}>"
    if kind == "map":
        return f"map<{_type(type_.get('keyType'), depth + 1)},{_type(type_.get('valueType'), depth + 1)}>"
    if kind == "udt":
        return _type(type_.get("sqlType"), depth + 1)
    raise WrongSchema(f"there is no type {kind!r}")


def _scalar(name: str) -> str:
    name = name.strip().lower()
    if name == "decimal":
        return "decimal(10,0)"
    bare = name.partition("(")[0].partition(" ")[0]
    if bare in ("interval", "geometry", "geography", "time", "string"):
        return bare  # without what makes it narrower: fields, reference system, precision, collation
    written = name.replace(" ", "")
    if not _WRITTEN.fullmatch(written) or (bare == "decimal" and "," not in written):
        raise WrongSchema(f"there is no type {name!r}")
    return _NAMES.get(name, written)


def _text(field: dict[str, Any], name: str) -> str:
    found = field.get(name)
    if not isinstance(found, str):
        raise WrongSchema(f"a field without a {name}")
    return found
