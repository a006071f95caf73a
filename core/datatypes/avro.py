"""Avro schemas as Spark SQL type names (Avro specification 1.12, "Schema Declaration" and "Logical Types")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.datatypes.spark import quote

_PRIMITIVES = {
    "null": "void",
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "bytes": "binary",
    "string": "string",
}
_LOGICAL = {
    "date": "date",
    "time-millis": "time",
    "time-micros": "time",
    "timestamp-millis": "timestamp",
    "timestamp-micros": "timestamp",
    "timestamp-nanos": "timestamp",
    "local-timestamp-millis": "timestamp_ntz",
    "local-timestamp-micros": "timestamp_ntz",
    "local-timestamp-nanos": "timestamp_ntz",
    "uuid": "string",
    "duration": "interval",
}
_LARGEST_PRECISION = 38
_DEEPEST = 100


class WrongSchema(ValueError):
    """A text that is no Avro schema."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column as the schema declares it; `native` is the schema's own type in few words."""

    name: str
    type: str
    nullable: bool
    native: str
    comment: str | None = None


class Names:
    """The named types of one schema: a name may stand for a type that was declared before."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._open: list[str] = []

    def fields(self, schema: Any) -> list[Field]:
        """The columns of a top-level schema.

        A record gives its fields; anything else is one column called `value`.

        Raises:
            WrongSchema: it is none.
        """
        nullable, inner, _ = self._split(schema)
        if isinstance(inner, dict) and inner.get("type") in ("record", "error"):
            space = self._declare(inner, "")
            return [self._column(field, space) for field in _list(inner, "fields")]
        name, is_null = self._union(schema, "", 0)
        return [Field("value", name, nullable or is_null, _native(schema))]

    def _column(self, field: Any, space: str) -> Field:
        if not isinstance(field, dict) or not isinstance(field.get("name"), str) or "type" not in field:
            raise WrongSchema("a field without a name or type")
        name, nullable = self._union(field["type"], space, 0)
        about = field.get("doc")
        return Field(field["name"], name, nullable, _native(field["type"]), about if isinstance(about, str) else None)

    def _split(self, schema: Any) -> tuple[bool, Any, list[Any]]:
        """Whether null is allowed, the only other branch if there is just one, and all others."""
        if not isinstance(schema, list):
            return schema == "null", schema, [schema]
        others = [branch for branch in schema if branch != "null" and not _is_null(branch)]
        return len(others) < len(schema), others[0] if len(others) == 1 else schema, others

    def _union(self, schema: Any, space: str, depth: int) -> tuple[str, bool]:
        nullable, _, others = self._split(schema)
        if not isinstance(schema, list):
            return self._name(schema, space, depth), nullable
        if not others:
            return "void", True
        names = [self._name(branch, space, depth) for branch in others]
        return (names[0] if len(names) == 1 else f"union<{','.join(names)}>"), nullable

    def _name(self, schema: Any, space: str, depth: int) -> str:
        if depth > _DEEPEST:
            raise WrongSchema("it is nested too deeply")
        if isinstance(schema, list):
            return self._union(schema, space, depth + 1)[0]
        if isinstance(schema, str):
            return _PRIMITIVES.get(schema) or self._known_name(schema, space, depth)
        if not isinstance(schema, dict) or "type" not in schema:
            raise WrongSchema("a type without a name")
        kind = schema["type"]
        if (logical := _logical(schema)) is not None:
            if kind == "fixed":
                self._declare(schema, space)
            return logical
        if kind in ("record", "error"):
            return self._struct(schema, space, depth)
        if kind == "enum":
            self._declare(schema, space)
            return "string"
        if kind == "fixed":
            self._declare(schema, space)
            return "binary"
        if kind == "array":
            return f"array<{self._name(schema.get('items'), space, depth + 1)}>"
        if kind == "map":
            return f"map<string,{self._name(schema.get('values'), space, depth + 1)}>"
        return self._name(kind, space, depth + 1)

    def _struct(self, schema: Mapping[str, Any], space: str, depth: int) -> str:
        full = self._full(schema, space)
        if full in self._open:
            # A type that holds itself has no Spark name; Spark refuses it too.
            return "string"
        inner = self._declare(schema, space)
        self._open.append(full)
        parts = []
        for field in _list(schema, "fields"):
            if not isinstance(field, dict) or not isinstance(field.get("name"), str):
                raise WrongSchema("a field without a name")
            parts.append(f"{quote(field['name'])}:{self._name(field.get('type'), inner, depth + 1)}")
        self._open.pop()
        return f"struct<{','.join(parts)}>"

    def _known_name(self, name: str, space: str, depth: int) -> str:
        for full in (name, f"{space}.{name}" if space and "." not in name else name):
            if full in self._known:
                schema, its_space = self._known[full]
                return self._name(schema, its_space, depth + 1)
        raise WrongSchema(f"no such type: {name[:80]}")

    def _declare(self, schema: Mapping[str, Any], space: str) -> str:
        """Remember a named type; returns the namespace inside it."""
        full = self._full(schema, space)
        self._known[full] = (schema, space)
        return full.rpartition(".")[0]

    def _full(self, schema: Mapping[str, Any], space: str) -> str:
        name = schema.get("name")
        if not isinstance(name, str):
            raise WrongSchema("a named type without a name")
        given = schema.get("namespace")
        space = given if isinstance(given, str) else space
        return name if "." in name or not space else f"{space}.{name}"


def _is_null(branch: Any) -> bool:
    return isinstance(branch, dict) and branch.get("type") == "null"


def _logical(schema: Mapping[str, Any]) -> str | None:
    """The name of a logical type; None when it has none that is valid, and then it is its plain type."""
    kind = schema.get("logicalType")
    if kind in ("decimal", "big-decimal") and schema["type"] in ("bytes", "fixed"):
        precision, scale = schema.get("precision"), schema.get("scale", 0)
        if isinstance(precision, int) and isinstance(scale, int) and 0 <= scale <= precision and precision > 0:
            return f"decimal({precision},{scale})" if precision <= _LARGEST_PRECISION else "string"
        return None
    return _LOGICAL.get(kind) if isinstance(kind, str) else None


def _list(schema: Mapping[str, Any], name: str) -> list[Any]:
    found = schema.get(name)
    if not isinstance(found, list):
        raise WrongSchema(f"a record without {name}")
    return found


def _native(schema: Any) -> str:
    """An Avro type in few words."""
    if isinstance(schema, str):
        return schema
    if isinstance(schema, list):
        return "|".join(_native(branch) for branch in schema)
    if isinstance(schema, dict):
        kind = schema.get("type")
        logical = schema.get("logicalType")
        text = _native(kind) if not isinstance(kind, str) else kind
        return f"{text} {logical}" if isinstance(logical, str) else text
    return str(type(schema).__name__)
