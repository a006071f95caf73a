"""Delimited text. `file_type` is `csv` whatever the delimiter."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.dialect import Dialect, Rows, find_dialect, read_rows
from core.formats.text import Sample, stream, take_sample
from core.formats.values import NULLS, column_type

_LARGEST_FIELD = 64 << 20


class Csv:
    """Reads a sample: encoding, dialect, header and types; counts rows exactly only when told to."""

    name = "csv"
    suffixes = (".csv", ".tsv", ".psv", ".tab", ".txt", ".dat")
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return False

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        sample = yield from take_sample(opened, options)
        dialect = find_dialect(sample.text)
        if dialect is None:
            raise FileError(Fault.EMPTY, "it holds no rows")
        text = sample.text
        if not sample.whole:
            # The last line may be cut; without any line end the sample is one long line.
            text = text[: text.rfind("\n") + 1] or text
        rows = read_rows(text, dialect.delimiter, dialect.quote) if dialect.width > 1 else _single_column(text)
        rows = rows[dialect.skipped :]
        names = _names(rows.pop(0) if dialect.header and rows else [], _width(rows, dialect))
        columns = _columns(names, rows, dialect, options)
        count, source = yield from _count(opened, options, sample, dialect, len(rows), len(text))
        ragged = sum(len(row) != len(names) for row in rows)
        warnings = [f"{ragged} of {len(rows)} sampled rows do not have {len(names)} fields"] if ragged else []
        return FileReading(self.name, (TableReading(columns, count, source, warnings=tuple(warnings)),))


def _single_column(text: str) -> Rows:
    return [[line] for line in text.split("\n") if line.strip()]


def _width(rows: Rows, dialect: Dialect) -> int:
    return max([dialect.width, *(len(row) for row in rows[:1])])


def _names(header: list[str], width: int) -> list[str]:
    """Column names: the header's, made unique; `columnN` where there is none."""
    names: list[str] = []
    taken: set[str] = set()
    for at in range(max(width, len(header))):
        base = header[at].strip() if at < len(header) else ""
        name = base = base or f"column{at}"
        again = 1
        while name in taken:
            name = f"{base}_{again}"
            again += 1
        taken.add(name)
        names.append(name)
    return names


def _columns(names: list[str], rows: Rows, dialect: Dialect, options: ReadOptions) -> tuple[Column, ...]:
    found = []
    for at, name in enumerate(names):
        values = dict.fromkeys(row[at] for row in rows if len(row) > at)
        samples = [value for value in values if value.strip() not in NULLS][: options.sample_values]
        found.append(
            Column(
                name=name,
                type=column_type(values.keys(), decimal_comma=dialect.delimiter != ","),
                native_type="text",
                type_source=TypeSource.INFERRED,
                samples=tuple(samples),
            )
        )
    return tuple(found)


def _count(
    opened: Opened, options: ReadOptions, sample: Sample, dialect: Dialect, rows: int, length: int
) -> Generator[Span, bytes, tuple[int | None, CountSource | None]]:
    """Rows without header and preamble: counted when all was seen or asked for, else estimated."""
    if options.row_counts == "none":
        return None, None
    if sample.whole:
        return rows, CountSource.COUNTED
    if options.row_counts == "exact":
        counter = RowCounter(dialect.delimiter, dialect.quote if dialect.width > 1 else None)
        yield from stream(opened, sample.encoding, counter.take)
        return max(0, counter.finish() - dialect.skipped - dialect.header), CountSource.COUNTED
    used = sample.used * (length / max(1, len(sample.text)))
    return round(rows * opened.size / max(1.0, used)), CountSource.ESTIMATED


class RowCounter:
    """Counts rows of text that comes in pieces; a line end inside quotes ends no row.

    A quote opens only at the start of a field, as in csv.reader, so an inch mark inside a field is
    no quote. Blank lines are no rows.
    """

    def __init__(self, delimiter: str, quote: str | None) -> None:
        self._quote = quote
        self._rest = ""
        self._rows = 0
        if quote is not None:
            q, d = re.escape(quote), re.escape(delimiter)
            self._quoted = re.compile(rf"(?:^|(?<=[{d}\n])){q}(?:[^{q}]|{q}{q})*+(?:{q}|\Z)", re.DOTALL)

    def take(self, text: str) -> None:
        """Count the rows that end within `text`."""
        text = self._rest + text
        # Line ends inside quotes are blotted out one for one, so that positions stay.
        plain = text if self._quote is None or self._quote not in text else self._without_quoted(text)
        end = plain.rfind("\n") + 1
        self._rest = text[end:]
        self._rows += _lines(plain[:end])

    def _without_quoted(self, text: str) -> str:
        parts, at = [], 0
        for found in self._quoted.finditer(text):
            open_ended = found.end() == len(text)
            if open_ended and len(text) - found.start() > _LARGEST_FIELD:
                break  # a stray quote, not a field of that size
            parts += [text[at : found.start()], "x" * (found.end() - found.start())]
            at = found.end()
        return "".join([*parts, text[at:]])

    def finish(self) -> int:
        """The number of rows; the last one needs no line end."""
        rest, self._rest = self._rest, ""
        return self._rows + (1 if rest.strip() else 0)


def _lines(text: str) -> int:
    return sum(1 for line in text.split("\n") if line and not line.isspace())
