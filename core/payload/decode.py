"""A payload's text as JSON values, strictly, with line and column of what is wrong."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 64
"""How deep lists and objects may be nested; a payload needs six levels."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]|[-+]?\w[\w.+-]*', re.DOTALL)


class NotJson(ValueError):
    """Text that is not JSON; `hint` says what to look at, `line` and `column` (from 1) where."""

    def __init__(self, text: str, at: int, message: str, hint: str) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - text.rfind("\n", 0, at)
        super().__init__(f"{message} at line {self.line}, column {self.column}")
        self.hint = hint


class RepeatedNames(dict[str, Any]):
    """An object in which names stood twice; as in every JSON reader, the last one counts."""

    names: tuple[str, ...] = ()


class _BadNumber(ValueError):
    def __init__(self, literal: str, message: str) -> None:
        super().__init__(message)
        self.literal = literal


def decode(text: str) -> Any:
    """The value that a JSON text holds; a byte order mark in front is skipped.

    Raises:
        NotJson: it is no JSON, or nested deeper than `MAX_DEPTH`.
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise NotJson(text, 0, "nothing is there", "a payload is one JSON object: { … }")
    deep = _too_deep(text)
    if deep is not None:
        raise NotJson(text, deep, f"nested deeper than {MAX_DEPTH} levels", "a payload needs six levels at most")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int)
    except json.JSONDecodeError as error:
        hint = "look at that place and just before it: quotes are double, and no comma stands before } or ]"
        raise NotJson(text, error.pos, error.msg[:1].lower() + error.msg[1:], hint) from None
    except _BadNumber as error:
        at = next((m.start() for m in _TOKEN.finditer(text) if m[0] == error.literal), 0)
        raise NotJson(text, at, str(error), "write a number that JSON has, or text in quotes") from None


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a tree with its path, parents first, without recursion; stops below `MAX_DEPTH`."""
    waiting: list[tuple[str, Any, int]] = [(path, value, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        yield path, value
        if depth > MAX_DEPTH:
            continue
        if isinstance(value, dict):
            waiting.extend((child(path, str(name)), item, depth + 1) for name, item in reversed(value.items()))
        elif isinstance(value, list | tuple):
            waiting.extend((f"{path}[{at}]", value[at], depth + 1) for at in reversed(range(len(value))))


def child(path: str, name: str) -> str:
    """The path of a field: `sources[1].source_id`, or `options["odd name"]`."""
    if not re.fullmatch(r"[A-Za-z_][\w-]*", name):
        return f"{path}[{json.dumps(name)}]"
    return f"{path}.{name}" if path else name


def is_too_deep(value: Any) -> bool:
    """Whether a tree is nested deeper than `MAX_DEPTH`; safe on any tree, and on one that holds itself."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below: dict[int, Any] = {}
        for item in level:
            if isinstance(item, dict):
                below |= {id(v): v for v in item.values() if isinstance(v, dict | list | tuple)}
            elif isinstance(item, list | tuple):
                below |= {id(v): v for v in item if isinstance(v, dict | list | tuple)}
        level = list(below.values())
        if not level:
            return False
    return True


def _too_deep(text: str) -> int | None:
    """Where the text goes below `MAX_DEPTH`, or None; found before the parser could overflow."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return None
    depth = 0
    for match in _TOKEN.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
        elif match[0] in "]}":
            depth -= 1
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = Counter(name for name, _ in pairs)
    repeated = RepeatedNames(found)
    repeated.names = tuple(name for name in found if names[name] > 1)
    return repeated


def _constant(literal: str) -> float:
    raise _BadNumber(literal, f"{literal} is not JSON")


def _float(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise _BadNumber(literal, "a number is too large")
    return value


def _int(literal: str) -> int:
    if len(literal) > 40:
        raise _BadNumber(literal, "a number is too long")
    return int(literal)
