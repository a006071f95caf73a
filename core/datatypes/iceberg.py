"""Iceberg's types as Spark SQL type names (Iceberg specification, "Schemas and Data Types")."""

from __future__ import annotations

import re
from typing import Any

from core.datatypes.spark import quote

_NAMES = {
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp_ntz",
    "timestamptz": "timestamp",
    "timestamp_ns": "timestamp_ntz",
    "timestamptz_ns": "timestamp",
    "string": "string",
    "uuid": "string",
    "binary": "binary",
    "variant": "variant",
    "unknown": "void",
}
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_DEEPEST = 100


class WrongType(ValueError):
    """A value that is no type of the specification."""


def spark_type(type_: Any, depth: int = 0) -> str:
    """The Spark name of a type as the table's JSON has it.

    Raises:
        WrongType: it is none.
    """
    if depth > _DEEPEST:
        raise WrongType("it is nested too deeply")
    if isinstance(type_, str):
        return _primitive(type_.strip().lower())
    kind = type_.get("type") if isinstance(type_, dict) else None
    if kind == "struct":
        inside = [f"{quote(name)}:{spark_type(inner, depth + 1)}" for name, inner in _members(type_)]
        return f"struct<{','.join(inside)}>"
    if kind == "list":
        return f"array<{spark_type(type_.get('element'), depth + 1)}>"
    if kind == "map":
        return f"map<{spark_type(type_.get('key'), depth + 1)},{spark_type(type_.get('value'), depth + 1)}>"
    raise WrongType(f"there is no type {kind!r}")


def _members(struct: dict[str, Any]) -> list[tuple[str, Any]]:
    try:
        return [(str(field["name"]), field["type"]) for field in struct["fields"]]
    except (KeyError, TypeError) as error:
        raise WrongType("a struct without fields") from error


def _primitive(name: str) -> str:
    if match := _DECIMAL.fullmatch(name):
        return f"decimal({match[1]},{match[2]})"
    bare = re.split(r"[(\[]", name, maxsplit=1)[0]
    if bare == "fixed":
        return "binary"
    if bare in ("geometry", "geography"):
        return bare
    if bare not in _NAMES:
        raise WrongType(f"there is no type {name!r}")
    return _NAMES[bare]
