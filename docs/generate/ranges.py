"""What a pydantic model lets through, in words: a field's type and its range, from its JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.markdown import codes

_LOWER = {"minimum": "from {}", "exclusiveMinimum": "above {}", "gt": "above {}"}
_UPPER = {"maximum": "to {}", "le": "to {}"}
_BOUNDS = _LOWER | _UPPER
_NAMES = {"boolean": "true or false", "integer": "whole number"}


def type_of(schema: Mapping[str, Any]) -> str:
    """The type of a field's value."""
    names = dict.fromkeys(_name(branch) for branch in _branches(schema))
    return " or ".join(name for name in names if name != "whole number" or "number" not in names)


def range_of(schema: Mapping[str, Any]) -> str:
    """The values that a field takes; empty when its type says all."""
    return ", ".join(dict.fromkeys(filter(None, map(_range, _branches(schema)))))


def about(schema: Mapping[str, Any]) -> str | None:
    """A field's description, wherever in its type it stands."""
    found: str | None = schema.get("description")
    return found or next((text for branch in schema.get("anyOf", ()) if (text := about(branch))), None)


def _branches(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The alternatives of a type but for null, each with the bounds that stand around all of them."""
    if "anyOf" not in schema:
        if schema.get("type") != "null":
            yield schema
        return
    bounds = {name: value for name, value in schema.items() if name in _BOUNDS}
    for alternative in schema["anyOf"]:
        for branch in _branches(alternative):
            yield {**bounds, **branch}


def _name(schema: Mapping[str, Any]) -> str:
    kind: str = schema.get("type", "object" if "$ref" in schema else "anything")
    if kind == "array":
        return f"list of {_name(schema['items'])}s"
    if schema.get("format") == "path":
        return "path"
    return _NAMES.get(kind, kind)


def _range(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return codes(schema["enum"])
    if schema.get("maxLength") == 1:
        return "one character" if schema.get("minLength") else "one character, or an empty text for none"
    found = [words.format(schema[name]) for name, words in _BOUNDS.items() if name in schema]
    return f"{schema['minimum']} or more" if found == [f"from {schema.get('minimum')}"] else " ".join(found)
