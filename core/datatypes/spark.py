"""Spark SQL types: parsed, printed and widened.

Everything that compares or merges types does it on these values; what is stored is their text,
which is Spark's `simpleString` (field names outside `[A-Za-z0-9_]` are back-quoted).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Scalar:
    """A type without parameters: `bigint`, `string`, `timestamp_ntz` …"""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Decimal:
    """`decimal(precision,scale)`."""

    precision: int
    scale: int

    def __str__(self) -> str:
        return f"decimal({self.precision},{self.scale})"


@dataclass(frozen=True, slots=True)
class Array:
    """`array<element>`."""

    element: SparkType

    def __str__(self) -> str:
        return f"array<{self.element}>"


@dataclass(frozen=True, slots=True)
class Map:
    """`map<key,value>`."""

    key: SparkType
    value: SparkType

    def __str__(self) -> str:
        return f"map<{self.key},{self.value}>"


@dataclass(frozen=True, slots=True)
class Struct:
    """`struct<name:type,…>`; the order of its fields is part of it."""

    fields: tuple[tuple[str, SparkType], ...]

    def __str__(self) -> str:
        return f"struct<{','.join(f'{quote(name)}:{type_}' for name, type_ in self.fields)}>"


@dataclass(frozen=True, slots=True)
class Union:
    """`union<type,…>`: a value of one of them (Avro, Arrow)."""

    members: tuple[SparkType, ...]

    def __str__(self) -> str:
        return f"union<{','.join(map(str, self.members))}>"


SparkType: TypeAlias = Scalar | Decimal | Array | Map | Struct | Union

STRING = Scalar("string")
VOID = Scalar("void")

MAX_PRECISION = 38

_INTEGERS = ("tinyint", "smallint", "int", "bigint")
_FLOATS = ("float", "double")
_INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
_PLAIN = re.compile(r"\w*", re.ASCII)
_FAMILIES = {
    "string": "text",
    "char": "text",
    "varchar": "text",
    "binary": "binary",
    "boolean": "boolean",
    "date": "time",
    "time": "time",
    "timestamp": "time",
    "timestamp_ntz": "time",
    "interval": "interval",
    **dict.fromkeys((*_INTEGERS, *_FLOATS), "number"),
}


def quote(name: str) -> str:
    """A struct field's name as it is written inside a type."""
    return name if _PLAIN.fullmatch(name) else "`" + name.replace("`", "``") + "`"


@lru_cache(maxsize=65_536)
def parse(text: str) -> SparkType:
    """The type that `text` names.

    Raises:
        ValueError: the brackets or back-quotes of `text` do not match.
    """
    parser = _Parser(text)
    found = parser.type()
    parser.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def type(self) -> SparkType:
        word = self._word()
        if word == "array" and self._take("<"):
            element = self.type()
            return self._close(Array(element))
        if word == "map" and self._take("<"):
            key = self.type()
            self._need(",")
            return self._close(Map(key, self.type()))
        if word == "struct" and self._take("<"):
            fields: list[tuple[str, SparkType]] = []
            while not self._take(">"):
                if fields:
                    self._need(",")
                name = self._name()
                self._need(":")
                fields.append((name, self.type()))
            return Struct(tuple(fields))
        if word == "union" and self._take("<"):
            members: list[SparkType] = []
            while not self._take(">"):
                if members:
                    self._need(",")
                members.append(self.type())
            return Union(tuple(members))
        if word == "decimal" and self._take("("):
            precision, scale = self._inside().split(",")
            return Decimal(int(precision), int(scale))
        if self._take("("):
            return Scalar(f"{word}({self._inside()})")
        return Scalar(word)

    def end(self) -> None:
        if self.at != len(self.text):
            raise ValueError(f"not a type: {self.text!r}")

    def _close(self, done: SparkType) -> SparkType:
        self._need(">")
        return done

    def _word(self) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in "<>(),:":
            self.at += 1
        return self.text[start : self.at].strip()

    def _inside(self) -> str:
        end = self.text.index(")", self.at)
        inside, self.at = self.text[self.at : end], end + 1
        return inside

    def _name(self) -> str:
        if not self._take("`"):
            return self._word()
        parts: list[str] = []
        while True:
            end = self.text.index("`", self.at)
            parts.append(self.text[self.at : end])
            self.at = end + 1
            if not self._take("`"):
                return "`".join(parts)

    def _take(self, mark: str) -> bool:
        if self.text.startswith(mark, self.at):
            self.at += 1
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._take(mark):
            raise ValueError(f"not a type: {self.text!r} (expected {mark!r} at {self.at})")


def widen(a: SparkType, b: SparkType) -> SparkType | None:
    """The smallest type that holds every value of both without loss, or None.

    `tinyint < smallint < int < bigint`, `float < double`, decimals grow to hold both (and any
    integer), `void` gives way to all, nested types widen inside. Symmetric, except for the order
    of struct fields (first seen first).
    """
    if a == b or b == VOID:
        return a
    if a == VOID:
        return b
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        return _widen_scalars(a.name, b.name)
    if isinstance(a, Decimal | Scalar) and isinstance(b, Decimal | Scalar):
        return _widen_decimals(_as_decimal(a), _as_decimal(b))
    if isinstance(a, Array) and isinstance(b, Array):
        element = widen(a.element, b.element)
        return Array(element) if element else None
    if isinstance(a, Map) and isinstance(b, Map):
        key, value = widen(a.key, b.key), widen(a.value, b.value)
        return Map(key, value) if key and value else None
    if isinstance(a, Struct) and isinstance(b, Struct):
        return _widen_structs(a, b)
    return None


def _widen_scalars(a: str, b: str) -> SparkType | None:
    for order in (_INTEGERS, _FLOATS):
        if a in order and b in order:
            return Scalar(order[max(order.index(a), order.index(b))])
    # float has a 24-bit mantissa and double a 53-bit one, so these integers fit exactly.
    for integer, real in ((a, b), (b, a)):
        if integer in ("tinyint", "smallint") and real in _FLOATS:
            return Scalar(real)
        if integer == "int" and real in _FLOATS:
            return Scalar("double")
    return None


def _as_decimal(type_: Decimal | Scalar) -> Decimal | None:
    if isinstance(type_, Decimal):
        return type_
    digits = _INTEGER_DIGITS.get(type_.name)
    return Decimal(digits, 0) if digits else None


def _widen_decimals(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    if a is None or b is None:
        return None
    scale = max(a.scale, b.scale)
    whole = max(a.precision - a.scale, b.precision - b.scale)
    return Decimal(whole + scale, scale) if whole + scale <= MAX_PRECISION else None


def _widen_structs(a: Struct, b: Struct) -> Struct | None:
    if len(dict(a.fields)) != len(a.fields) or len(dict(b.fields)) != len(b.fields):
        return None  # repeated field names cannot be matched
    merged = dict(a.fields)
    for name, type_ in b.fields:
        wide = widen(merged[name], type_) if name in merged else type_
        if wide is None:
            return None
        merged[name] = wide
    return Struct(tuple(merged.items()))


def family(type_: SparkType) -> str:
    """The broad kind of a type: `number`, `text`, `time` …; types of two families do not mix."""
    if isinstance(type_, Decimal):
        return "number"
    if isinstance(type_, Scalar):
        return _FAMILIES.get(type_.name.partition("(")[0], type_.name)
    return type(type_).__name__.lower()
