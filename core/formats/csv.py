"""Delimited text. `file_type` is `csv` whatever the delimiter."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError
from core.formats.base import MOST_COLUMNS, Opened, ReadOptions, Span, Steps, too_wide
from core.formats.delimited import RowCounter, Rows, read_rows
from core.formats.dialect import Dialect, find_dialect
from core.formats.headers import joined_names, unique_names
from core.formats.kinds import MOST_TEXT, ColumnKinds
from core.formats.text import Sample, stream, take_sample
from core.formats.values import NULLS
from core.text import plural, size

_NAMED = {"\t": "tab", " ": "space", "": "none: each line is one value"}


class Csv:
    """Reads a sample: encoding, dialect, header and types; counts rows exactly only when told to."""

    name = "csv"
    suffixes = (".csv", ".tsv", ".psv", ".tab", ".txt", ".dat")
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return False

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        sample = yield from take_sample(opened, options)
        dialect = find_dialect(sample.text, options.csv)
        if dialect is None:
            raise FileError(Fault.EMPTY, "it holds no rows")
        if dialect.width > MOST_COLUMNS:
            raise too_wide(dialect.width)
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
        kinds = ColumnKinds(dialect.width, decimal_comma=_decimal_comma(dialect, options))
        kinds.take(rows)
        told = yield from _count(opened, options, sample, dialect, rows, kinds, len(text))
        columns = tuple(
            Column(name, type_, True, "text", TypeSource.INFERRED, _samples(rows, at, options.sample_values))
            for at, (name, type_) in enumerate(zip(names, told.types, strict=True))
        )
        ragged = sum(len(row) != len(names) for row in rows)
        warnings = [f"{ragged} of {len(rows)} sampled rows do not have {len(names)} fields"] if ragged else []
        if told.looked_at is not None and any(type_ != "string" for type_ in told.types):
            warnings.append(f"its types are those of its first {size(told.looked_at)}")
        reading = TableReading(
            columns,
            told.rows,
            told.source,
            warnings=tuple(warnings),
            properties=_evidence(dialect, sample, options),
        )
        return FileReading(self.name, (reading,))


@dataclass(frozen=True, slots=True)
class _Told:
    """Rows without header and preamble, the columns' types, and of how many bytes these are (None: of all)."""

    rows: int | None
    source: CountSource | None
    types: Sequence[str]
    looked_at: int | None


def _count(
    opened: Opened, options: ReadOptions, sample: Sample, dialect: Dialect, rows: Rows, kinds: ColumnKinds, length: int
) -> Generator[Span, bytes, _Told]:
    """Count when all was seen or asked for, and look at the types of what is counted; else estimate."""
    none = options.row_counts == "none"
    if sample.whole:
        return _Told(None if none else len(rows), None if none else CountSource.COUNTED, kinds.types, None)
    if none:
        return _Told(None, None, kinds.types, sample.used)
    if options.row_counts == "exact":
        before = dialect.skipped + dialect.header
        every = ColumnKinds(dialect.width, skipped=before, decimal_comma=_decimal_comma(dialect, options))
        counter = RowCounter(dialect.syntax, every)
        yield from stream(opened, sample.encoding, counter.take)
        counted = max(0, counter.finish() - before)
        return _Told(counted, CountSource.COUNTED, every.types, MOST_TEXT if every.full else None)
    used = sample.used * (length / max(1, len(sample.text)))
    return _Told(round(len(rows) * opened.size / max(1.0, used)), CountSource.ESTIMATED, kinds.types, sample.used)


def _decimal_comma(dialect: Dialect, options: ReadOptions) -> bool:
    if options.csv.decimal is not None:
        return options.csv.decimal == ","
    return dialect.syntax.delimiter not in ("", ",")


def _evidence(dialect: Dialect, sample: Sample, options: ReadOptions) -> tuple[tuple[str, str], ...]:
    """How the file is written, as found or as the payload says."""
    syntax = dialect.syntax
    found = {
        "csv.delimiter": _NAMED.get(syntax.delimiter, syntax.delimiter),
        "csv.quote": syntax.quote,
        "csv.escape": syntax.escape,
        "csv.comment": syntax.comment,
        "csv.encoding": sample.encoding,
        "csv.header": plural(dialect.header, "row") if dialect.header else "none",
        "csv.before": plural(dialect.skipped, "row") if dialect.skipped else "",
        "csv.confidence": str(dialect.confidence),
    }
    given = [name for name, value in asdict(options.csv).items() if value is not None]
    found["csv.given"] = ", ".join(given)
    return tuple((name, value) for name, value in found.items() if value)


def _samples(rows: Rows, at: int, wanted: int) -> tuple[str, ...]:
    values = dict.fromkeys(row[at] for row in rows if len(row) > at) if wanted else {}
    return tuple(islice((value for value in values if value.strip() not in NULLS), wanted))
