"""JSON: arrays, single objects, objects one after the other, and NDJSON."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.jsoncount import LineCounter, ValueCounter
from core.formats.jsonrows import Layout, Parsed, parse_rows
from core.formats.jsontypes import Shape
from core.formats.text import Sample, stream, take_sample


class Json:
    """Reads a sample and infers types; counts rows exactly only when told to."""

    name = "json"
    suffixes = (".json", ".ndjson", ".jsonl", ".geojson", ".geojsonl")
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return False

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        sample = yield from take_sample(opened, options)
        try:
            parsed = parse_rows(sample.text, whole=sample.whole)
            columns = _columns(parsed.rows, options)
        except RecursionError:
            raise FileError(Fault.CORRUPT, "it is nested too deeply") from None
        count, source, broken = yield from _count(opened, options, sample, parsed)
        warnings = []
        if broken:
            warnings.append(f"{broken} lines are not JSON")
        if parsed.partial:
            warnings.append(f"one value is larger than the {len(sample.text)} characters read: fields may be missing")
        return FileReading(self.name, (TableReading(columns, count, source, warnings=tuple(warnings)),))


def _columns(rows: list[Any], options: ReadOptions) -> tuple[Column, ...]:
    """One column a key; rows that are no objects make one column named `json`, as in DuckDB."""
    if not all(isinstance(row, dict) for row in rows):
        shape = Shape()
        for row in rows:
            shape.add(row)
        return (_column("json", shape, rows, options),)
    shapes: dict[str, Shape] = {}
    for row in rows:
        for key, value in row.items():
            shapes.setdefault(key, Shape()).add(value)
    wanted = options.sample_values
    return tuple(
        _column(key, shape, [row.get(key) for row in rows] if wanted else [], options) for key, shape in shapes.items()
    )


def _column(name: str, shape: Shape, values: list[Any], options: ReadOptions) -> Column:
    texts = (v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values if v not in (None, ""))
    samples = tuple(dict.fromkeys(map(_storable, texts)))[: options.sample_values] if options.sample_values else ()
    return Column(_storable(name), str(shape.type()), True, shape.kinds(), TypeSource.INFERRED, samples)


def _storable(text: str) -> str:
    """JSON may escape half a surrogate pair, which no database stores."""
    return text.encode("utf-8", "replace").decode()


def _count(
    opened: Opened, options: ReadOptions, sample: Sample, parsed: Parsed
) -> Generator[Span, bytes, tuple[int | None, CountSource | None, int]]:
    """Rows, and lines that are none: counted when all was seen or asked for, else estimated."""
    if options.row_counts == "none":
        return None, None, parsed.broken
    if sample.whole:
        return len(parsed.rows), CountSource.COUNTED, parsed.broken
    if options.row_counts == "exact":
        counter = LineCounter() if parsed.layout is Layout.LINES else ValueCounter()
        yield from stream(opened, sample.encoding, counter.take)
        return counter.finish(), CountSource.COUNTED, counter.broken
    if parsed.partial and parsed.layout is Layout.VALUES:
        return 1, CountSource.ESTIMATED, 0
    return round(len(parsed.rows) * opened.size / max(1, sample.used)), CountSource.ESTIMATED, parsed.broken
