"""Types as Databricks writes them: in `information_schema`, in `DESCRIBE`, and as the tree that Spark prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.datatypes.spark import STRING, Array, Map, Scalar, SparkType, Struct, parse

# What a field of a struct may carry; a comment's quotes are escaped by a backslash or doubled.
_EXTRAS = re.compile(r"\s+(?:NOT NULL|COMMENT\s+'(?:[^'\\]|\\.|'')*'|COLLATE\s+\w+)(?=[,>\s]|$)", re.IGNORECASE)
_SIZED = re.compile(r"(?:var)?char\(\d+\)")
_TREE_NAMES = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint", "null": "void"}
_LINE = re.compile(r" \|((?:    \|)*)-- (.*)")
_FLAG = re.compile(r"(.*?)(?: \((?:nullable|containsNull|valueContainsNull) = (true|false)\))?")


@lru_cache(maxsize=65_536)
def column_type(text: str) -> SparkType:
    """The Spark type of a column's full type; what nobody knows keeps its name.

    Lengths of `char` and `varchar` and the fields of an interval are left out, as everywhere in the mirror.
    """
    plain = _EXTRAS.sub("", text)
    try:
        return _without_sizes(parse(plain))
    except ValueError:
        return Scalar(plain.strip().lower())


def _without_sizes(type_: SparkType) -> SparkType:
    match type_:
        case Array(element):
            return Array(_without_sizes(element))
        case Map(key, value):
            return Map(_without_sizes(key), _without_sizes(value))
        case Struct(fields):
            return Struct(tuple((name, _without_sizes(inner)) for name, inner in fields))
        case Scalar(name):
            word = name.lower()
            if word.startswith("interval"):
                return Scalar("interval")
            if word.startswith(("geometry", "geography")):
                return Scalar("geometry")
            return STRING if _SIZED.fullmatch(word) else Scalar(_TREE_NAMES.get(word, word))
    return type_


@dataclass(frozen=True, slots=True)
class Branch:
    """A column of a printed schema."""

    name: str
    type: SparkType
    nullable: bool


@dataclass(slots=True)
class _Line:
    depth: int
    name: str
    type: str
    nullable: bool


def parse_tree(text: str) -> list[Branch]:
    """The columns of a schema as Spark prints it, from `root` on (Spark SQL, `StructType.treeString`)."""
    lines = list(_lines(text))
    found: list[Branch] = []
    at = 0
    while at < len(lines):
        type_, end = _branch(lines, at)
        found.append(Branch(lines[at].name, type_, lines[at].nullable))
        at = end
    return found


def _lines(text: str) -> Iterator[_Line]:
    for line in text.splitlines():
        if (found := _LINE.fullmatch(line)) is not None:
            told = _FLAG.fullmatch(found[2])
            assert told is not None  # it takes any text
            name, _, type_ = told[1].rpartition(": ")
            yield _Line(len(found[1]) // 5, name, type_, told[2] != "false")


def _branch(lines: list[_Line], at: int) -> tuple[SparkType, int]:
    """The type of the line at `at` with all that lies below it, and where the next begins."""
    line, end = lines[at], at + 1
    below: list[tuple[str, SparkType]] = []
    while end < len(lines) and lines[end].depth > line.depth:
        child = lines[end].name
        type_, end = _branch(lines, end)
        below.append((child, type_))
    types = [type_ for _, type_ in below]
    if line.type == "struct":
        return Struct(tuple(below)), end
    if line.type == "array" and len(types) == 1:
        return Array(types[0]), end
    if line.type == "map" and len(types) == 2:
        return Map(types[0], types[1]), end
    return column_type(line.type), end
