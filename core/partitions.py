"""Partition folders in a key: `year=2024/month=01` and date ladders such as `2024/01/31`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from sys import intern
from urllib.parse import unquote

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"

_HIVE = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_MONTH = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])")
_DAY = re.compile(r"((?:19|20)\d\d)(-?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])")
_LADDER = (re.compile(r"0[1-9]|1[0-2]"), re.compile(r"0[1-9]|[12]\d|3[01]"), re.compile(r"[01]\d|2[0-3]"))
_STEPS = ("_year", "_month", "_day", "_hour")
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Placed:
    """A file's folder taken apart; one object for all files of a folder.

    Attributes:
        base: the folder above the first partition folder, or the file's own folder.
        rest: plain folders below the first partition folder, joined by `/`.
        values: partition columns and their values, outermost first; a null value is None.
        hive: whether any of them is written `key=value`.
    """

    base: str
    rest: str
    values: tuple[tuple[str, str | None], ...]
    hive: bool


def place(key: str) -> Placed:
    """Take a key's folders apart. Values are URL-decoded (Hive writes them so), nothing else is."""
    return _placed(key[: key.rfind("/") + 1])


@lru_cache(maxsize=4_096)
def _placed(folder: str) -> Placed:
    folders = folder.split("/")[:-1]
    values: list[tuple[str, str | None]] = []
    rest: list[str] = []
    base_end: int | None = None
    hive = False
    at = 0
    while at < len(folders):
        match = _HIVE.fullmatch(folders[at])
        ladder = () if match else _ladder(folders[at:])
        if match:
            hive = True
            value = unquote(match[2], errors="replace")
            values.append(_shared(match[1], None if value == HIVE_NULL else value))
        elif ladder:
            values.extend(_shared(name, value) for name, value in ladder[1])
        elif base_end is not None:
            rest.append(folders[at])
        if values and base_end is None:
            base_end = at
        at += ladder[0] if ladder else 1
    base = folders if base_end is None else folders[:base_end]
    return Placed(intern("/".join(base)), intern("/".join(rest)), tuple(values), hive)


@lru_cache(maxsize=16_384)
def _shared(name: str, value: str | None) -> tuple[str, str | None]:
    """A value of a partition column as one object for all folders: tables are partitioned alike."""
    return name, value


def _ladder(folders: list[str]) -> tuple[int, list[tuple[str, str]]] | tuple[()]:
    """How many leading folders make a date, and its steps; a year alone is a name, not a date."""
    day = _DAY.fullmatch(folders[0])
    if day and _is_date(day[1], day[3], day[4]):
        steps, used = [day[1], day[3], day[4]], 1
    elif month := _YEAR_MONTH.fullmatch(folders[0]):
        steps, used = [month[1], month[2]], 1
    elif _YEAR.fullmatch(folders[0]) and len(folders) > 1 and _LADDER[0].fullmatch(folders[1]):
        steps, used = [folders[0], folders[1]], 2
    else:
        return ()
    while len(steps) < len(_STEPS) and used < len(folders) and _LADDER[len(steps) - 1].fullmatch(folders[used]):
        if len(steps) == 2 and not _is_date(steps[0], steps[1], folders[used]):
            break
        steps.append(folders[used])
        used += 1
    return used, list(zip(_STEPS, steps, strict=False))


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def value_type(values: Iterable[str | None]) -> str:
    """The type of a partition column from its values: `int`, `bigint`, `date` or `string`.

    `01` is the number 1, as Spark reads it.
    """
    present = {value for value in values if value is not None}
    if present and all(_INTEGER.fullmatch(value) for value in present):
        return "int" if all(-(2**31) <= int(value) < 2**31 for value in present) else "bigint"
    if present and all(_is_iso_date(value) for value in present):
        return "date"
    return "string"


def _is_iso_date(value: str) -> bool:
    match = _DAY.fullmatch(value)
    return bool(match and match[2] and _is_date(match[1], match[3], match[4]))
