"""JSON: arrays, single objects, objects one after the other, and NDJSON."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.jsoncount import LineCounter, ValueCounter
from core.formats.jsonrows import Layout, Parsed, parse_rows
from core.formats.jsontypes import RowShape, Shape
from core.formats.text import Sample, stream, take_sample
from core.text import as_text, plural, size

# Of this many lines one may be broken; a file with more is none of JSON lines.
_MOST_BROKEN = 10


class Json:
    """Reads a sample and infers types; counts rows exactly only when told to."""

    name = "json"
    suffixes = (".json", ".ndjson", ".jsonl", ".geojson", ".geojsonl")
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return False

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        sample = yield from take_sample(opened, options)
        shape = RowShape()
        try:
            parsed = parse_rows(sample.text, whole=sample.whole)
            for row in parsed.rows:
                shape.add(row)
            told = yield from _count(opened, options, sample, parsed, shape)
            columns = _columns(told.shape, parsed.rows, options)
        except RecursionError:
            raise FileError(Fault.CORRUPT, "it is nested too deeply") from None
        warnings = []
        if told.broken:
            problem = f"{told.broken} of {plural(told.lines, 'line')} {'is' if told.broken == 1 else 'are'} not JSON"
            if told.broken * _MOST_BROKEN > told.lines:
                raise FileError(Fault.CORRUPT, problem)
            warnings.append(problem)
        if parsed.partial:
            warnings.append(f"one value is larger than the {len(sample.text)} characters read: fields may be missing")
        elif told.sampled:
            warnings.append(f"its types are those of its first {size(sample.used)}")
        return FileReading(self.name, (TableReading(columns, told.rows, told.source, warnings=tuple(warnings)),))


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known of a file's rows; `sampled` when `shape` is that of only some."""

    rows: int | None
    source: CountSource | None
    shape: RowShape
    lines: int
    broken: int
    sampled: bool = True


def _count(
    opened: Opened, options: ReadOptions, sample: Sample, parsed: Parsed, shape: RowShape
) -> Generator[Span, bytes, _Told]:
    """Rows, and lines that are none: counted when all was seen or asked for, else estimated."""
    lines, broken = parsed.lines, parsed.broken
    none = options.row_counts == "none"
    if sample.whole:
        rows, source = (None, None) if none else (len(parsed.rows), CountSource.COUNTED)
        return _Told(rows, source, shape, lines, broken, sampled=False)
    if none:
        return _Told(None, None, shape, lines, broken)
    if options.row_counts == "exact" and parsed.layout is Layout.LINES:
        counter = LineCounter(RowShape())
        yield from stream(opened, sample.encoding, counter.take)
        counted = counter.finish()
        return _Told(counted, CountSource.COUNTED, counter.shape, counter.lines, counter.broken, sampled=False)
    if options.row_counts == "exact":
        values = ValueCounter()
        yield from stream(opened, sample.encoding, values.take)
        return _Told(values.finish(), CountSource.COUNTED, shape, lines, broken)
    if parsed.partial and parsed.layout is Layout.VALUES:
        return _Told(1, CountSource.ESTIMATED, shape, lines, broken)
    estimate = round(len(parsed.rows) * opened.size / max(1, sample.used))
    return _Told(estimate, CountSource.ESTIMATED, shape, lines, broken)


def _columns(shape: RowShape, rows: list[Any], options: ReadOptions) -> tuple[Column, ...]:
    """One column a key; rows that are no objects make one column named `json`, as in DuckDB.

    Sample values are those of `rows`.
    """
    if not shape.objects:
        return (_column("json", shape, rows, options),)
    found = [row for row in rows if isinstance(row, dict)] if options.sample_values else []
    return tuple(_column(key, field, [row.get(key) for row in found], options) for key, field in shape.fields.items())


def _column(name: str, shape: Shape, values: list[Any], options: ReadOptions) -> Column:
    texts = (v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values if v not in (None, ""))
    samples = tuple(dict.fromkeys(map(as_text, texts)))[: options.sample_values] if options.sample_values else ()
    return Column(as_text(name), str(shape.type()), True, shape.kinds(), TypeSource.INFERRED, samples)
