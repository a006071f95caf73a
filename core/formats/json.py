"""JSON: arrays, single objects, objects one after the other, and NDJSON."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span, Steps
from core.formats.jsontypes import Shape
from core.formats.text import Sample, stream, take_sample

_SPACE = " \t\n\r"
_LARGEST_VALUE = 64 << 20
_decode = json.JSONDecoder().raw_decode


@dataclass(slots=True)
class _Rows:
    """Rows of a text: `broken` counts lines that are no JSON, `ended` tells whether the text was complete."""

    rows: list[Any] = field(default_factory=list)
    broken: int = 0
    ended: bool = True
    lines: bool = False
    problem: str = ""


class Json:
    """Reads a sample and infers types; counts rows exactly only when told to."""

    name = "json"
    suffixes = (".json", ".ndjson", ".jsonl", ".geojson")
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return False

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        size = options.sample_bytes
        sample = yield from take_sample(opened, options)
        try:
            found = _parse(sample.text, whole=sample.whole)
            while not found.rows and not sample.whole and not found.broken and size < _LARGEST_VALUE:
                # One value is larger than the sample.
                size *= 8
                sample = yield from take_sample(opened, options, size)
                found = _parse(sample.text, whole=sample.whole)
            if sample.whole and not found.ended and not found.lines:
                raise FileError(Fault.CORRUPT, f"it is not valid JSON: {found.problem}")
            if not found.rows and (found.broken or not sample.whole):
                raise FileError(Fault.CORRUPT, "nothing in it is valid JSON")
            columns = _columns(found.rows, options)
        except RecursionError:
            raise FileError(Fault.CORRUPT, "it is nested too deeply") from None
        count, source = yield from _count(opened, options, sample, found)
        warnings = (f"{found.broken} lines are not JSON",) if found.broken else ()
        return FileReading(self.name, (TableReading(columns, count, source, warnings=warnings),))


def _parse(text: str, *, whole: bool) -> _Rows:
    start = _skip(text, 0)
    if text[start : start + 1] == "[":
        return _array(text, start + 1)
    first_line = text[start:].split("\n", 1)[0]
    try:
        json.loads(first_line)
    except ValueError:
        values = _values(text, start)
        # Objects over several lines, unless the first line is just a broken one of many.
        if values.rows or text[start : start + 1] not in "{[" or not _any_line(text[start:]):
            return values
    return _lines(text[start:], whole=whole)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _any_line(text: str) -> bool:
    for line in text.split("\n")[:20]:
        try:
            if isinstance(json.loads(line), dict):
                return True
        except ValueError:
            continue
    return False


def _array(text: str, at: int) -> _Rows:
    found = _Rows()
    at = _skip(text, at)
    if text[at : at + 1] == "]":
        return _after(found, text, at + 1)
    while True:
        try:
            value, at = _decode(text, _skip(text, at))
        except ValueError as error:
            found.ended, found.problem = False, _where(error)
            return found
        found.rows.append(value)
        at = _skip(text, at)
        mark = text[at : at + 1]
        if mark == "]":
            return _after(found, text, at + 1)
        if mark != ",":
            found.ended, found.problem = False, f"expected a comma or ] after element {len(found.rows)}"
            return found
        at += 1


def _after(found: _Rows, text: str, at: int) -> _Rows:
    """An array must be all there is, unless arrays follow each other line by line."""
    if (at := _skip(text, at)) < len(text):
        rest = _values(text, at)
        found.rows = [found.rows, *rest.rows]
        found.ended, found.problem = rest.ended, rest.problem
    return found


def _values(text: str, at: int) -> _Rows:
    found = _Rows()
    while (at := _skip(text, at)) < len(text):
        try:
            value, at = _decode(text, at)
        except ValueError as error:
            found.ended, found.problem = False, _where(error)
            break
        found.rows.append(value)
    return found


def _lines(text: str, *, whole: bool) -> _Rows:
    found = _Rows(lines=True)
    lines = text.split("\n")
    if not whole and len(lines) > 1:
        lines.pop()
    for line in lines:
        if not line.strip():
            continue
        try:
            found.rows.append(json.loads(line))
        except ValueError:
            found.broken += 1
    return found


def _where(error: ValueError) -> str:
    return f"{error.msg} at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)


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
    texts = (v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values if v is not None)
    samples = tuple(dict.fromkeys(texts))[: options.sample_values] if options.sample_values else ()
    clean = name.encode("utf-8", "replace").decode()
    return Column(clean, str(shape.type()), True, shape.kinds(), TypeSource.INFERRED, samples)


def _count(
    opened: Opened, options: ReadOptions, sample: Sample, found: _Rows
) -> Generator[Span, bytes, tuple[int | None, CountSource | None]]:
    """Rows: counted when all was seen or asked for, else estimated from the bytes a row takes."""
    if options.row_counts == "none":
        return None, None
    if sample.whole:
        return len(found.rows), CountSource.COUNTED
    if options.row_counts == "exact":
        counter = _LineCounter() if found.lines else _ElementCounter()
        yield from stream(opened, sample.encoding, counter.take)
        return counter.finish(), CountSource.COUNTED
    return round((len(found.rows) + found.broken) * opened.size / max(1, sample.used)), CountSource.ESTIMATED


class _LineCounter:
    """Counts lines that are not blank."""

    def __init__(self) -> None:
        self._rest = ""
        self._rows = 0

    def take(self, text: str) -> None:
        lines = (self._rest + text).split("\n")
        self._rest = lines.pop()
        self._rows += sum(1 for line in lines if line.strip())

    def finish(self) -> int:
        return self._rows + bool(self._rest.strip())


class _ElementCounter(_LineCounter):
    """Counts the elements of an array, or values one after the other, that come in pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._array = False

    def take(self, text: str) -> None:
        text = self._rest + text
        at = _skip(text, 0)
        if not self._begun and at < len(text):
            self._begun, self._array = True, text[at] == "["
            at += self._array
        while True:
            at = _skip(text, at)
            if at < len(text) and text[at] in ",]":
                at = _skip(text, at + 1)
            try:
                _, end = _decode(text, at)
            except ValueError:
                break
            if end >= len(text):
                break  # a number may go on in the next piece
            self._rows += 1
            at = end
        self._rest = text[at:]
        if len(self._rest) > _LARGEST_VALUE:
            raise FileError(Fault.CORRUPT, "an element is larger than 64 MB, or the JSON is broken there")

    def finish(self) -> int:
        rest = self._rest.strip(_SPACE + ",")
        if rest not in ("", "]"):
            try:
                json.loads(rest)
            except ValueError as error:
                raise FileError(Fault.CORRUPT, f"it is not valid JSON near its end: {error}") from None
            self._rows += 1
        return self._rows
