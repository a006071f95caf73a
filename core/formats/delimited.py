"""The rows of delimited text: cut into fields, or only counted."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.formats.kinds import ColumnKinds

_MAX_FIELD = 1 << 30
_LARGEST_FIELD = 64 << 20

Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class Syntax:
    """The characters that mean something; an empty one is not in use.

    Without `delimiter` a line is one field. A quote means something only at the start of a field,
    and is doubled inside, or comes after `escape`. Lines that begin with `comment` are no rows.
    """

    delimiter: str
    quote: str
    escape: str = ""
    comment: str = ""


def read_rows(text: str, syntax: Syntax, limit: int | None = None) -> Rows:
    """The rows of a text whose lines end in `\\n`; blank lines and comments are left out."""
    return list(islice(iter_rows(text, syntax), limit))


def iter_rows(text: str, syntax: Syntax) -> Iterator[list[str]]:
    """The same, one after the other."""
    if not syntax.delimiter:
        yield from ([line] for line in text.split("\n") if _is_row(line, syntax))
        return
    csv.field_size_limit(_MAX_FIELD)
    taken: list[str] = []
    reader = csv.reader(
        _noting(text, taken),
        delimiter=syntax.delimiter,
        quotechar=syntax.quote or None,
        quoting=csv.QUOTE_MINIMAL if syntax.quote else csv.QUOTE_NONE,
        escapechar=syntax.escape or None,
    )
    for row in reader:
        first = taken[0]
        taken.clear()
        if _is_row(first, syntax):
            yield row


def _noting(text: str, taken: list[str]) -> Iterator[str]:
    """The lines of a text, each noted when it is taken: a row's first line says whether it is one."""
    for line in io.StringIO(text, newline="\n"):
        taken.append(line)
        yield line


def _is_row(line: str, syntax: Syntax) -> bool:
    """Whether a row begins with this line: neither blank nor a comment."""
    if (not line or line.isspace()) and not (syntax.delimiter and syntax.delimiter in line):
        return False
    return not (syntax.comment and line.lstrip().startswith(syntax.comment))


def quoted_fields(syntax: Syntax) -> re.Pattern[str]:
    """Finds quoted fields, from quote to quote; one that does not end goes on to the text's end."""
    q, d, e = re.escape(syntax.quote), re.escape(syntax.delimiter), re.escape(syntax.escape)
    inside = rf"[^{q}{e}]|{q}{q}" + (rf"|{e}." if e else "")
    return re.compile(rf"(?:^|(?<=[{d}\n])){q}(?:{inside})*+(?:{q}|\Z)", re.DOTALL)


class RowCounter:
    """Counts the rows of text that comes in pieces, as `read_rows` would; lines end in `\\n`.

    Meanwhile `kinds` may look at them.
    """

    def __init__(self, syntax: Syntax, kinds: ColumnKinds | None = None) -> None:
        self._syntax = syntax
        self._kinds = kinds
        self._rest = ""
        self._rows = 0
        self._quoted: re.Pattern[str] | None = None
        if syntax.quote and syntax.delimiter:
            self._quoted = quoted_fields(syntax)

    def take(self, text: str) -> None:
        """Count the rows that end within `text`."""
        text = self._rest + text
        # Quoted fields are blotted out one for one, so that line ends inside them are gone and positions stay.
        plain = self._without_quoted(text) if self._quoted and self._syntax.quote in text else text
        end = plain.rfind("\n") + 1
        self._rest = text[end:]
        self._rows += self._count(text[:end], plain[:end])

    def finish(self) -> int:
        """The number of rows; the last one needs no line end."""
        rest, self._rest = self._rest, ""
        return self._rows + self._count(rest, self._without_quoted(rest) if self._quoted else rest)

    def _count(self, text: str, plain: str) -> int:
        if self._kinds is not None and self._kinds.curious:
            return self._kinds.take(iter_rows(text, self._syntax), len(text))
        return sum(_is_row(line, self._syntax) for line in plain.split("\n"))

    def _without_quoted(self, text: str) -> str:
        parts, at = [], 0
        assert self._quoted is not None
        for found in self._quoted.finditer(text):
            if found.end() == len(text) and len(text) - found.start() > _LARGEST_FIELD:
                break  # a stray quote, not a field of that size
            parts += [text[at : found.start()], "x" * (found.end() - found.start())]
            at = found.end()
        return "".join([*parts, text[at:]])
