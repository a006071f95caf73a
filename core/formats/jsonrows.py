"""The rows in a JSON text, or in the beginning of one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from core.errors import Fault, FileError

_SPACE = " \t\n\r"
# A decoder that runs out of text stops within the last escape or literal, or inside a string.
_LONGEST_TOKEN = 12
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|".*\Z|[{}\[\],]', re.DOTALL)
_CLOSES = {"{": "}", "[": "]"}
_decode = json.JSONDecoder().raw_decode


class Layout(Enum):
    """How rows stand in a file: elements of one array, one on each line, or one after the other."""

    ARRAY = "array"
    LINES = "lines"
    VALUES = "values"


@dataclass(slots=True)
class Parsed:
    """The rows of a text.

    `lines` are those that are not blank, where each stands for itself, and `broken` the ones among
    them that are no JSON. `partial` tells that the only row is the beginning of a
    value that the text cuts off.
    """

    layout: Layout
    rows: list[Any] = field(default_factory=list)
    lines: int = 0
    broken: int = 0
    partial: bool = False


def parse_rows(text: str, *, whole: bool) -> Parsed:
    """The rows of a text; unless it is `whole`, its end may be missing.

    Raises:
        FileError: it is empty, or not JSON.
        RecursionError: it is nested too deeply.
    """
    start = _skip(text, 0)
    if start == len(text):
        raise FileError(Fault.EMPTY, "it holds nothing")
    if text[start] == "[":
        return _array(text, start, whole)
    line_end = text.find("\n", start)
    if line_end >= 0 and line_values(text[start:line_end]) is None and not _a_later_line(text[line_end:]):
        # An object over several lines, or several such.
        return _values(text, start, whole)
    parsed = _lines(text[start:], whole)
    if parsed.rows:
        return parsed
    return _values(text, start, whole)


def line_values(line: str) -> list[Any] | None:
    """The values on one line (mostly one), or None when it is no JSON."""
    found, at = [], _skip(line, 0)
    while at < len(line):
        try:
            value, at = _decode(line, at)
        except ValueError:
            return None
        found.append(value)
        at = _skip(line, at)
    return found


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _a_later_line(text: str) -> bool:
    """Whether one of the next lines is an object by itself, so that the first is just a broken one."""
    return any(line.startswith("{") and line_values(line) for line in text.split("\n", 20)[:20])


def _array(text: str, start: int, whole: bool) -> Parsed:
    parsed = Parsed(Layout.ARRAY)
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        try:
            value, at = _decode(text, at)
        except ValueError as error:
            return _stopped(parsed, text, at, error, whole)
        parsed.rows.append(value)
        at = _skip(text, at)
        mark = text[at : at + 1]
        if mark == ",":
            at = _skip(text, at + 1)
        elif mark != "]":
            if at == len(text) and not whole:
                return parsed
            raise _malformed(f"expected a comma or ] after element {len(parsed.rows)}")
    if _skip(text, at + 1) == len(text):
        return parsed
    # More follows: then each array is one row.
    rest = _values(text, at + 1, whole)
    return Parsed(Layout.VALUES, [parsed.rows, *rest.rows])


def _values(text: str, at: int, whole: bool) -> Parsed:
    parsed = Parsed(Layout.VALUES)
    while (at := _skip(text, at)) < len(text):
        try:
            value, at = _decode(text, at)
        except ValueError as error:
            return _stopped(parsed, text, at, error, whole)
        parsed.rows.append(value)
    return parsed


def _lines(text: str, whole: bool) -> Parsed:
    parsed = Parsed(Layout.LINES)
    lines = text.split("\n")
    if not whole:
        lines.pop()
    for line in lines:
        values = line_values(line)
        parsed.lines += values != []
        if values is None:
            parsed.broken += 1
        else:
            parsed.rows += values
    return parsed


def _stopped(parsed: Parsed, text: str, at: int, error: ValueError, whole: bool) -> Parsed:
    """What was read before `error`, when that is only the text's end; else the file is broken."""
    problem = str(error)
    if isinstance(error, json.JSONDecodeError):
        ran_out = error.msg.startswith("Unterminated string") or error.pos >= len(text) - _LONGEST_TOKEN
        if ran_out and not whole:
            if not parsed.rows:
                parsed.rows.append(json.loads(_closed(text[at:])))
                parsed.partial = True
            return parsed
        problem = f"{error.msg} at line {error.lineno}"
    raise _malformed(problem) from error


def _malformed(problem: str) -> FileError:
    return FileError(Fault.CORRUPT, f"it is not valid JSON: {problem}")


def _closed(text: str) -> str:
    """A value whose end is missing, cut after its last complete part and closed."""
    brackets: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in _CLOSES:
            brackets.append(mark)
            end = token.end()
        elif mark in ("}", "]"):
            brackets.pop()
            end = token.end()
        elif mark == ",":
            end = token.start()
    return text[:end] + "".join(_CLOSES[mark] for mark in reversed(brackets)) if end else "null"
