"""Reads a file of bytes as an engine would, and notes which ranges were asked for."""

from dataclasses import dataclass

from core.catalog import FileReading, TableReading
from core.formats.base import Format, Opened, ReadOptions, Span, Steps
from core.formats.detect import detect, first_span

EXACT = ReadOptions(row_counts="exact")


@dataclass
class Run:
    """What a reader said, and the ranges it took."""

    file_type: str | None
    table: TableReading | None
    spans: list[Span]

    @property
    def types(self) -> dict[str, str]:
        assert self.table is not None
        return {column.name: column.type for column in self.table.columns}

    @property
    def names(self) -> list[str]:
        return list(self.types)

    @property
    def rows(self) -> int | None:
        assert self.table is not None
        return self.table.row_count


def open_file(data: bytes, key: str, options: ReadOptions, spans: list[Span]) -> tuple[Opened, Format | None]:
    """Get the first range of a file, and the head too where the tail tells nothing."""

    def get(span: Span) -> bytes:
        spans.append(span)
        return data[span[0] : span[1]]

    start, end = first_span(key, len(data), options)
    first = get((start, end))
    opened = Opened(key, len(data), first if start == 0 else b"", first if end == len(data) else b"")
    found = detect(opened, options)
    if start > 0 and found is None:
        opened = Opened(key, len(data), get((0, min(len(data), len(first)))), opened.tail)
        found = detect(opened, options)
    return opened, found


def read(data: bytes | str, key: str, options: ReadOptions | None = None) -> Run:
    """Detect and read a file."""
    data = data.encode() if isinstance(data, str) else data
    options = options or ReadOptions()
    spans: list[Span] = []
    opened, found = open_file(data, key, options, spans)
    if found is None:
        return Run(None, None, spans)
    reading = drive(found.read(opened, options), data, spans)
    return Run(reading.file_type, reading.tables[0], spans)


def drive(steps: Steps, data: bytes, spans: list[Span]) -> FileReading:
    """Run a reader to its end, noting the ranges it takes."""
    sent: bytes | None = None
    while True:
        try:
            span = next(steps) if sent is None else steps.send(sent)
        except StopIteration as stop:
            found: FileReading = stop.value
            return found
        spans.append(span)
        sent = data[span[0] : span[1]]


def read_parts(
    data: bytes, key: str, options: ReadOptions | None = None, *, format_: Format | None = None
) -> tuple[FileReading, list[Span]]:
    """Read a file that may hold any number of tables, by a reader other than the detected one if given."""
    options = options or ReadOptions()
    spans: list[Span] = []
    opened, found = open_file(data, key, options, spans)
    assert found is not None
    return drive((format_ or found).read(opened, options), data, spans), spans
