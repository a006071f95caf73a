"""What may be typed next in SQL over the mirror: tables, columns, keywords, by the place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

_KEYWORDS = """
SELECT FROM WHERE GROUP ORDER BY HAVING LIMIT OFFSET DISTINCT AS JOIN LEFT RIGHT INNER FULL CROSS ON USING WITH
UNION ALL EXCEPT INTERSECT AND OR NOT IN IS NULL LIKE ILIKE BETWEEN CASE WHEN THEN ELSE END ASC DESC NULLS FIRST
LAST EXISTS TRUE FALSE CAST DESCRIBE SUMMARIZE SHOW EXPLAIN PIVOT UNPIVOT QUALIFY OVER PARTITION FILTER
EXCLUDE REPLACE VALUES INTERVAL ANY count sum avg min max median coalesce lower upper length contains
regexp_matches list_contains unnest date_trunc string_agg any_value round
"""
_SKIPPED = re.compile(r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*(?:'|\Z)", re.DOTALL)
_PATH = re.compile(r'((?:(?:\w+|"[^"]*")\s*\.\s*)*)(\w*)\Z')
_SOURCE = re.compile(
    r'\b(?:from|join)\s+(?P<name>(?:[\w]+|"[^"]*")(?:\s*\.\s*(?:\w+|"[^"]*"))*)(?:\s+(?:as\s+)?(?P<alias>\w+))?', re.I
)
_CTE = re.compile(r"(?:\bwith(?:\s+recursive)?|,)\s*(\w+)\s+as\s*\(", re.I)
_WANTS_TABLE = re.compile(r"\b(?:from|join|describe|summarize|pivot)\s+\Z", re.I)
_NAMES_SOMETHING = re.compile(r"\bas\s+\Z", re.I)
_LAST_WORD = re.compile(r"[^.\s\"]+|\"[^\"]*\"")
_NO_ALIAS = re.compile(r"where|on|using|group|order|limit|join|left|right|inner|full|cross|union|having")


@dataclass(frozen=True, slots=True)
class Word:
    """A word to offer, and what it is: `table`, `column of …`, `keyword`."""

    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Words that may stand from `start` to the cursor; none where nothing fits."""

    start: int
    words: tuple[Word, ...] = ()


@cache
def columns_of() -> Mapping[str, tuple[str, ...]]:
    """Every table of the metadata schema with its columns, in order."""
    text = resources.files("core.mirror").joinpath("schema.sql").read_text()
    found = re.findall(r"\$PUBLIC\.(\w+) \((.*?)\n\);", text, re.DOTALL)
    return {name: tuple(re.findall(r"(\w+) [A-Z]+(?:\[\])?", body)) for name, body in found}


def offer(sql: str, at: int) -> Offer:
    """What may stand at `at`, a place in the text; nothing inside strings and comments."""
    for skipped in _SKIPPED.finditer(sql):
        ended = (skipped[0].endswith("'") and len(skipped[0]) > 1) or skipped[0].endswith("*/")
        if skipped.start() < at < skipped.end() or (at == skipped.end() and not ended):
            return Offer(at)
    code = _SKIPPED.sub(lambda found: " " * len(found[0]), sql)
    path = _PATH.search(code[:at])
    assert path is not None, "the pattern also matches nothing"
    typed, start = path[2], path.start(2)
    before = code[: path.start()]
    if _NAMES_SOMETHING.search(before) or typed[:1].isdigit():
        return Offer(at)
    parts = [part.strip('"').lower() for part in _LAST_WORD.findall(path[1])]
    candidates = _after_dot(code, parts[-1]) if parts else _anywhere(code, bool(_WANTS_TABLE.search(before)))
    return Offer(start, _fitting(candidates, typed))


def _after_dot(code: str, name: str) -> Iterator[Word]:
    """The columns of a table or alias, the tables of the schema; of a name that is yet unknown, all columns."""
    tables = columns_of()
    table = _aliases(code).get(name, name)
    if table == "_executor_metadata":
        yield from (Word(table, "table") for table in tables)
    elif table in tables:
        yield from _columns([table])
    elif table not in _CTE.findall(code) and name != "hive_metastore":
        yield from _columns(tables)


def _anywhere(code: str, wants_table: bool) -> Iterator[Word]:
    tables = columns_of()
    known = [Word(table, "table") for table in [*tables, *_CTE.findall(code)]]
    if wants_table:
        yield from known
        return
    used = [table for table in dict.fromkeys(_aliases(code).values()) if table in tables]
    yield from _columns(used or tables)
    yield from known
    yield from (Word(word, "keyword" if word.isupper() else "function") for word in _KEYWORDS.split())


def _columns(tables: Iterable[str]) -> Iterator[Word]:
    """Their columns, each once."""
    owners: dict[str, list[str]] = {}
    for table in tables:
        for column in columns_of()[table]:
            owners.setdefault(column, []).append(table)
    return (Word(column, f"column of {', '.join(names)}") for column, names in owners.items())


def _aliases(code: str) -> dict[str, str]:
    """The tables that FROM and JOIN name, by their alias and by their own name."""
    found = {}
    for source in _SOURCE.finditer(code):
        table = _LAST_WORD.findall(source["name"])[-1].strip('"').lower()
        found[table] = table
        alias = (source["alias"] or "").lower()
        if alias and not _NO_ALIAS.fullmatch(alias):
            found[alias] = table
    return found


def _fitting(candidates: Iterator[Word], typed: str) -> tuple[Word, ...]:
    """Those that begin with what is typed, then those that hold it; in its case where it has one."""
    small = typed.lower()
    begins, holds = [], []
    for word in candidates:
        text = word.text.lower()
        if text.startswith(small):
            lower = word.about == "keyword" and typed.islower()
            begins.append(Word(text, word.about) if lower else word)
        elif len(small) > 1 and small in text and word.about != "keyword":
            holds.append(word)
    found = (*begins, *holds)
    return () if any(word.text.lower() == small for word in found) else found
