"""The shape of JSON values seen so far, and the Spark type that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.datatypes.spark import STRING, VOID, Array, Scalar, SparkType, Struct
from core.text import as_text

_BIGGEST = 2**63


class Shape:
    """Collects values; `type` is the narrowest type for all of them.

    Integers and reals together are `double`; anything else mixed is `string`. Nulls count for
    nothing. Fields of objects stay in first-seen order.
    """

    __slots__ = ("_element", "_fields", "_scalars")

    def __init__(self) -> None:
        self._scalars: set[str] = set()
        self._fields: dict[str, Shape] | None = None
        self._element: Shape | None = None

    def add(self, value: Any) -> None:
        """Take one value into account."""
        if value is None:
            return
        if isinstance(value, dict):
            fields = self._fields = {} if self._fields is None else self._fields
            for key, item in value.items():
                fields.setdefault(key, Shape()).add(item)
        elif isinstance(value, list):
            element = self._element = Shape() if self._element is None else self._element
            for item in value:
                element.add(item)
        else:
            self._scalars.add(_scalar(value))

    @property
    def fields(self) -> Mapping[str, Shape]:
        """The fields of the objects seen, by name."""
        return self._fields or {}

    def type(self) -> SparkType:
        """The type of all values seen; `void` when there were only nulls."""
        seen = bool(self._scalars) + (self._fields is not None) + (self._element is not None)
        if seen > 1:
            return STRING
        if self._fields is not None:
            return Struct(tuple((as_text(key), s.type()) for key, s in self._fields.items()))
        if self._element is not None:
            return Array(self._element.type())
        if not self._scalars:
            return VOID
        if len(self._scalars) == 1:
            return Scalar(next(iter(self._scalars)))
        return Scalar("double") if self._scalars <= {"bigint", "double"} else STRING

    def kinds(self) -> str:
        """How JSON itself calls what was seen: `number`, `object`, `string|number` …"""
        names = {"bigint": "number", "double": "number", "boolean": "boolean", "string": "string"}
        found = {names[scalar] for scalar in self._scalars}
        found |= {"object"} if self._fields is not None else set()
        found |= {"array"} if self._element is not None else set()
        return "|".join(sorted(found)) or "null"


class RowShape(Shape):
    """Collects rows, which should be objects; `objects` tells whether all were."""

    __slots__ = ("objects",)

    def __init__(self) -> None:
        super().__init__()
        self.objects = True

    def add(self, value: Any) -> None:
        self.objects = self.objects and isinstance(value, dict)
        super().add(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "bigint" if -_BIGGEST <= value < _BIGGEST else "double"
    return "double" if isinstance(value, float) else "string"
