"""The types of columns whose rows come in pieces, looked at up to a limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from itertools import islice

from core.formats.values import kinds_of, type_of

MOST_TEXT = 256_000_000
"""Characters to look at, which takes about twice the time of counting alone."""

_ROWS_AT_ONCE = 5_000
# Whole columns of the usual numbers, one on a line, told at once: a tenth of the time of one by one.
_MANY = {
    "bigint": re.compile(r"(?:(?:[+-]?(?:0|[1-9]\d{0,17}))?\n)*+", re.ASCII),
    "double": re.compile(r"(?:(?:[+-]?(?:0|[1-9]\d{0,17})(?:\.\d*)?(?:[eE][+-]?\d+)?)?\n)*+", re.ASCII),
}


class ColumnKinds:
    """Unites what is seen of each of `width` columns; the first `skipped` rows are none of the table's."""

    def __init__(self, width: int, *, decimal_comma: bool, skipped: int = 0) -> None:
        self._kinds: list[set[str]] = [set() for _ in range(width)]
        self._skipped = skipped
        self._decimal_comma = decimal_comma
        self._looked_at = 0

    @property
    def full(self) -> bool:
        """Whether it has looked at `MOST_TEXT`, and will look at no more."""
        return self._looked_at >= MOST_TEXT

    @property
    def curious(self) -> bool:
        """Whether further rows may change anything."""
        return not self.full and not all("string" in kinds for kinds in self._kinds)

    @property
    def types(self) -> list[str]:
        """The type of each column, of what was seen so far."""
        return [type_of(kinds) for kinds in self._kinds]

    def take(self, rows: Iterable[Sequence[str]], length: int = 0) -> int:
        """Look at rows, which are `length` characters long; returns how many there are."""
        self._looked_at += length
        source, count = iter(rows), 0
        while some := list(islice(source, _ROWS_AT_ONCE)):
            count += len(some)
            self._look_at(some[self._skipped :])
            self._skipped = max(0, self._skipped - len(some))
        return count

    def _look_at(self, rows: Sequence[Sequence[str]]) -> None:
        for at, kinds in enumerate(self._kinds):
            if "string" in kinds:
                continue
            values = {row[at] for row in rows if len(row) > at}
            if not _all_numbers(values, type_of(kinds)):
                kinds |= kinds_of(values, decimal_comma=self._decimal_comma)


def _all_numbers(values: Set[str], type_: str) -> bool:
    """Whether all values are surely numbers of a type, by one search; False when that is not known."""
    many, text = _MANY.get(type_), "\n".join([*values, ""])
    return many is not None and text.count("\n") == len(values) and many.fullmatch(text) is not None
