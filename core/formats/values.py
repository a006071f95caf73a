"""Types of columns whose values are only text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
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
_YEAR_FIRST = re.compile(r"((?:1[89]|2[01])\d\d)([./])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2((?:1[89]|2[01])\d\d)", re.ASCII)
_UNDECIDED = frozenset({"?/?/y", "?-?-y"})
_LOCAL_DAYS = (
    *({f"d{sign}m{sign}y", f"?{sign}?{sign}y"} for sign in "./-"),
    *({f"m{sign}d{sign}y", f"?{sign}?{sign}y"} for sign in "/-"),
    *({f"y{sign}m{sign}d"} for sign in "./"),
)
_BOOLEANS = frozenset({"true", "false"})
_BIGGEST = 2**63


def column_type(values: Iterable[str], *, decimal_comma: bool = False) -> str:
    """The narrowest type that all values have; nulls count for nothing, and all nulls are `void`.

    A leading zero means text (a code, not a number), and so does what no `bigint` can hold. Days
    written `31.12.2024`, `12/31/2024` or `31/12/2024` are dates only when one of them tells which
    number is the month, and no other one says otherwise.
    """
    return type_of(kinds_of(values, decimal_comma=decimal_comma))


def cell_type(value: str) -> str:
    """The type of one value by itself; a local day is a date even when it tells no month."""
    kinds = kinds_of([value])
    return "date" if kinds & _UNDECIDED else type_of(kinds)


def kinds_of(values: Iterable[str], *, decimal_comma: bool = False) -> set[str]:
    """What kinds of values these are, for `type_of`; only `string` once no other type holds them."""
    kinds: set[str] = set()
    for value in values:
        text = value.strip()
        if text in NULLS:
            continue
        kind = _kind(text, decimal_comma)
        if kind not in kinds:
            kinds.add(kind)
            if kind == "string" or (len(kinds) > 1 and type_of(kinds) == "string"):
                return {"string"}
    return kinds


def type_of(kinds: Set[str]) -> str:
    """The type of values that are of these kinds; those of several columns' parts may be united."""
    if any(kinds <= days for days in _LOCAL_DAYS) and kinds:
        return "string" if kinds <= _UNDECIDED else "date"
    if len(kinds) > 1:
        wide = {"bigint", "double"}, {"date", "timestamp_ntz"}
        return "double" if kinds <= wide[0] else "timestamp_ntz" if kinds <= wide[1] else "string"
    return next(iter(kinds), "void")


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
    return "time" if _TIME.fullmatch(text) else _local_day(text)


def _local_day(text: str) -> str:
    """A day written in a local order as its pattern (`d.m.y`, `?/?/y` …), anything else as `string`.

    With dots the day stands first wherever that is written; with `/` and `-` both orders are in use.
    """
    if match := _YEAR_FIRST.fullmatch(text):
        sign = match[2]
        return f"y{sign}m{sign}d" if _is_day(match[1], match[3], match[4]) else "string"
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return "string"
    first, sign, second, year = match.groups()
    day_first = _is_day(year, second, first)
    month_first = sign != "." and _is_day(year, first, second)
    if not day_first and not month_first:
        return "string"
    order = "??" if day_first and month_first else "dm" if day_first else "md"
    return f"{order[0]}{sign}{order[1]}{sign}y"


def is_date(text: str) -> bool:
    """Whether text is a day written `YYYY-MM-DD`."""
    match = _DATE.fullmatch(text)
    return bool(match and _is_day(match[1], match[2], match[3]))


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
