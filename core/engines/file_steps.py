"""Reading one file, as steps: which bytes it wants next, until it is known what became of it.

It does no I/O, as the formats' readers do none. Who drives it fetches the ranges, on an event loop
(`core.engines.local`) or in a thread (`core.engines.quick`), and decides where a step runs.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass, replace

from core.catalog import DataFile, FileReading
from core.engines.base import Outcome
from core.engines.tails import Tails
from core.errors import Fault, FileError, first_line
from core.formats.base import LONGEST_NAME, MOST_COLUMNS, MOST_ROWS, Format, Opened, ReadOptions, Span, too_wide
from core.formats.detect import detect, evidence, first_span, misnamed, suffix_format, unread_type
from core.formats.registry import ISOLATED

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Apart:
    """A file whose reader must run in a process of its own."""

    format: Format
    opened: Opened


Wanted = Span | Apart
Given = bytes | FileReading | FileError
"""A span's bytes, or what the process said."""

FileSteps = Generator[Wanted, Given, Outcome]


def file_steps(file: DataFile, options: ReadOptions, tails: Tails) -> FileSteps:
    """What becomes of a file; a broken one is an outcome, no error."""
    try:
        return (yield from _read(file, options, tails))
    except FileError as error:
        return Outcome(error=error.message)


def advance(steps: FileSteps, given: Given | None) -> Wanted | Outcome:
    """The first step (given None) or the next one."""
    try:
        return next(steps) if given is None else steps.send(given)
    except StopIteration as stop:
        found: Outcome = stop.value
        return found


def reads_apart(file: DataFile) -> bool:
    """Whether its name says that its reader must run in a process of its own."""
    return suffix_format(file.key) in ISOLATED


def reader_failed(file: DataFile, error: Exception) -> Outcome:
    """A fault of ours, which must not cost more than the file it came to light with."""
    _log.error("reading %s", file.key, exc_info=error)
    return Outcome(error=f"its reader failed: {type(error).__name__}: {first_line(error)}")


def _read(file: DataFile, options: ReadOptions, tails: Tails) -> FileSteps:
    start, end = tails.lengthened(file.key, first_span(file.key, file.size, options))
    data = yield from _bytes((start, end))
    opened = Opened(file.key, file.size, data if start == 0 else b"", data if end == file.size else b"")
    format_ = detect(opened, options)
    if start > 0 and format_ is None:
        # The suffix promised a footer that isn't there: what the file is, its first bytes tell.
        head = yield from _bytes((0, min(file.size, len(data))))
        opened = Opened(file.key, file.size, head, opened.tail)
        format_ = detect(opened, options)
    if format_ is None:
        if options.only is None and (promised := misnamed(opened)) is not None:
            return Outcome(promised.name, error=f"its name says {promised.name}, its bytes don't")
        return Outcome(unread_type(opened))
    try:
        reading = yield from (_apart if format_ in ISOLATED else _here)(format_, opened, options, tails)
        _check(reading)
    except FileError as error:
        # A driver that is missing today may be there the next time.
        return Outcome(format_.name, error=error.message, lasting=error.fault is not Fault.MISSING_DRIVER)
    return Outcome(reading.file_type, _with_evidence(reading, opened, format_))


def _apart(
    format_: Format, opened: Opened, options: ReadOptions, tails: Tails
) -> Generator[Wanted, Given, FileReading]:
    said = yield Apart(format_, opened)
    if isinstance(said, FileError):
        raise said
    assert isinstance(said, FileReading)
    return said


def _here(format_: Format, opened: Opened, options: ReadOptions, tails: Tails) -> Generator[Wanted, Given, FileReading]:
    steps = format_.read(opened, options)
    try:
        span = next(steps)
        while True:
            data = yield from _bytes(span)
            if span[1] == opened.size:
                tails.learn(opened.key, len(data))
            span = steps.send(data)
    except StopIteration as stop:
        found: FileReading = stop.value
        return found


def _bytes(span: Span) -> Generator[Wanted, Given, bytes]:
    data = yield span
    assert isinstance(data, bytes)
    if len(data) != span[1] - span[0]:
        raise FileError(Fault.CORRUPT, f"{len(data)} bytes came where {span[1] - span[0]} were asked for")
    return data


def _check(reading: FileReading) -> None:
    """Refuse what no file holds, which would spoil what is summed and stored."""
    for table in reading.tables:
        if len(table.columns) > MOST_COLUMNS:
            raise too_wide(len(table.columns))
        longest = max((len(column.name) for column in table.columns), default=0)
        if longest > LONGEST_NAME:
            raise FileError(Fault.CORRUPT, f"a column's name has {longest:,} characters")
        if table.row_count is not None and not 0 <= table.row_count <= MOST_ROWS:
            raise FileError(Fault.CORRUPT, f"it counts {table.row_count:,} rows")


def _with_evidence(reading: FileReading, opened: Opened, format_: Format) -> FileReading:
    """The reading with why the file was taken for that format, when that is not plain."""
    why = evidence(opened, format_)
    if why is None:
        return reading
    told = ("recognised by", why)
    return replace(
        reading, tables=tuple(replace(table, properties=(told, *table.properties)) for table in reading.tables)
    )
