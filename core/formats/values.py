"""Types of columns whose values are only text."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

NULLS = frozenset({"", "null", "NULL", "Null", "NA", "N/A", "n/a", "\\N", "None", "#N/A"})

_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,18})", re.ASCII)
_REAL = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity)", re.I | re.A)
_COMMA_REAL = re.compile(r"[+-]?(?:0|[1-9]\d*|[1-9]\d{0,2}(?:\.\d{3})+),\d+", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[ T]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?\s?(Z|UTC|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?", re.ASCII)
_BOOLEANS = frozenset({"true", "false"})
_BIGGEST = 2**63


def column_type(values: Collection[str], *, decimal_comma: bool = False) -> str:
    """The narrowest type that all values have; nulls count for nothing, and all nulls are `void`.

    A leading zero means text (a code, not a number), and so does what no `bigint` can hold.
    """
    kinds: set[str] = set()
    for value in values:
        text = value.strip()
        if text in NULLS:
            continue
        kinds.add(_kind(text, decimal_comma))
        if "string" in kinds or (len(kinds) > 1 and not _mixes(kinds)):
            return "string"
    if len(kinds) > 1:
        return "double" if "double" in kinds else "timestamp" if "timestamp" in kinds else "timestamp_ntz"
    return kinds.pop() if kinds else "void"


def _mixes(kinds: set[str]) -> bool:
    return kinds <= {"bigint", "double"} or kinds <= {"date", "timestamp_ntz"}


def _kind(text: str, decimal_comma: bool) -> str:
    if _INTEGER.fullmatch(text):
        return "bigint" if -_BIGGEST <= int(text) < _BIGGEST else "string"
    if _REAL.fullmatch(text) or (decimal_comma and _COMMA_REAL.fullmatch(text)):
        return "double" if not text.lstrip("+-").isdigit() else "string"
    if text.lower() in _BOOLEANS:
        return "boolean"
    if is_date(text):
        return "date"
    moment = _MOMENT.fullmatch(text)
    if moment and is_date(moment[1]):
        return "timestamp" if moment[3] else "timestamp_ntz"
    return "time" if _TIME.fullmatch(text) else "string"


def is_date(text: str) -> bool:
    """Whether text is a day written `YYYY-MM-DD`."""
    match = _DATE.fullmatch(text)
    if not match:
        return False
    try:
        date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True
