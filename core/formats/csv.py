"""Delimited text. `file_type` is `csv` whatever the delimiter."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.delimited import RowCounter, Rows, read_rows
from core.formats.dialect import Dialect, find_dialect
from core.formats.headers import joined_names, unique_names
from core.formats.text import Sample, stream, take_sample
from core.formats.values import NULLS, column_type


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
        rows = read_rows(text, dialect.syntax)[dialect.skipped :]
        if not sample.whole and len(rows) <= dialect.header:
            # The first row is longer than the sample: what there is of it still has types.
            text = sample.text
            rows = read_rows(text, dialect.syntax)[dialect.skipped :]
        header, rows = rows[: dialect.header], rows[dialect.header :]
        names = unique_names(joined_names(header) if header else [], dialect.width)
        columns = _columns(names, rows, dialect, options)
        count, source = yield from _count(opened, options, sample, dialect, len(rows), len(text))
        ragged = sum(len(row) != len(names) for row in rows)
        warnings = [f"{ragged} of {len(rows)} sampled rows do not have {len(names)} fields"] if ragged else []
        return FileReading(self.name, (TableReading(columns, count, source, warnings=tuple(warnings)),))


def _columns(names: list[str], rows: Rows, dialect: Dialect, options: ReadOptions) -> tuple[Column, ...]:
    found = []
    for at, name in enumerate(names):
        values = dict.fromkeys(row[at] for row in rows if len(row) > at)
        samples = [value for value in values if value.strip() not in NULLS][: options.sample_values]
        found.append(
            Column(
                name=name,
                type=column_type(values.keys(), decimal_comma=dialect.syntax.delimiter not in ("", ",")),
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
        counter = RowCounter(dialect.syntax)
        yield from stream(opened, sample.encoding, counter.take)
        return max(0, counter.finish() - dialect.skipped - dialect.header), CountSource.COUNTED
    used = sample.used * (length / max(1, len(sample.text)))
    return round(rows * opened.size / max(1.0, used)), CountSource.ESTIMATED
