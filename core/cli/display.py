"""How a running job is shown: a live board on a terminal, plain lines in a pipe, JSON lines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.jobs.model import Event, ProgressRecord, SourceRecord, SourceState
from core.jobs.rate import Rate, seconds_left
from core.jobs.watch import Glance
from core.text import safe, size, span

_STYLES = {
    SourceState.SUCCESS: "green",
    SourceState.FAILED: "red",
    SourceState.SKIPPED: "yellow",
    SourceState.CANCELLED: "yellow",
    SourceState.RUNNING: "cyan",
    SourceState.STAGED: "cyan",
    SourceState.QUEUED: "dim",
}
_LEVELS = {"error": "red", "warning": "yellow"}
_BAR_WIDTH = 20
_MIN_WIDE = 100


class Display(Protocol):
    """Shows a job's glances until it is stopped."""

    def show(self, glance: Glance) -> None: ...
    def stop(self) -> None: ...


def display_for(as_json: bool, *, quiet: bool = False) -> Display:
    """The display that fits standard output: a board on a terminal, lines in a pipe; or only what goes wrong."""
    if quiet:
        return OnlyTrouble()
    if as_json:
        return JsonLines()
    return Board(Console()) if sys.stdout.isatty() else PlainLines(click.echo)


class JsonLines:
    """One JSON object a line: `event` and `progress`; the answer is the caller's last line."""

    def __init__(self, write: Callable[[str], None] = click.echo) -> None:
        self._write = write
        self._changed = _Changed()

    def show(self, glance: Glance) -> None:
        for event in glance.events:
            fields = {"source_id": event.source_id, "at": event.at, "level": event.level, "kind": event.kind}
            self._write(json.dumps({"event": "event", "job_id": event.job_id, **fields, "message": event.message}))
        for source, record in self._changed.due(glance):
            self._write(json.dumps({"event": "progress", "source_id": source.source_id, **_counters(record)}))

    def stop(self) -> None:
        pass


class OnlyTrouble:
    """Warnings and errors, on standard error."""

    def show(self, glance: Glance) -> None:
        for event in glance.events:
            if event.level in _LEVELS:
                click.echo(event_line(event), err=True)

    def stop(self) -> None:
        pass


class PlainLines:
    """One line for each thing that happened, and one a second for each source that moved."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._changed = _Changed()

    def show(self, glance: Glance) -> None:
        for event in glance.events:
            self._write(event_line(event))
        for source, record in self._changed.due(glance):
            self._write(f"{safe(source.source_id)}: {_standing(record)}")

    def stop(self) -> None:
        pass


class Board:
    """A line a source, redrawn in place, with totals; warnings and errors scroll above it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rates: dict[int, Rate] = {}
        self._live = Live(console=console, refresh_per_second=8, transient=True)
        self._live.start()

    def show(self, glance: Glance) -> None:
        for event in glance.events:
            if event.level in _LEVELS:
                self._live.console.print(Text(event_line(event), style=_LEVELS[event.level]))
        self._live.update(self._draw(glance))

    def stop(self) -> None:
        self._live.stop()

    def _draw(self, glance: Glance) -> Group:
        wide = self._console.width >= _MIN_WIDE
        table = Table(box=None, pad_edge=False, expand=False)
        table.add_column("source", no_wrap=True, overflow="ellipsis", max_width=40 if wide else 18)
        table.add_column("state", no_wrap=True)
        table.add_column("files", no_wrap=True)
        table.add_column("progress", width=_BAR_WIDTH if wide else 12)
        for heading in ("rate", "left", "requests", "failed") if wide else ("rate", "failed"):
            table.add_column(heading, justify="right", no_wrap=True)
        room = max(3, self._console.height - 6)
        order = sorted(glance.sources, key=lambda s: (s.state.ended, s.seq))
        for source in order[:room]:
            table.add_row(*self._row(source, glance.progress.get(source.seq), wide))
        ended = sum(source.state.ended for source in glance.sources)
        files = sum(record.done for record in glance.progress.values())
        totals = f"{ended} of {len(glance.sources)} sources ended, {files:,} files read, ctrl+c cancels"
        if len(order) > room:
            totals = f"{len(order) - room} more sources; {totals}"
        return Group(table, Text(totals, style="dim"))

    def _row(self, source: SourceRecord, record: ProgressRecord | None, wide: bool) -> list[Text | ProgressBar]:
        state = source.state.value
        if source.state is SourceState.RUNNING and record is not None:
            state = record.phase
        cells: list[Text | ProgressBar] = [
            Text(safe(source.source_id)),
            Text(state, style=_STYLES[source.state]),
        ]
        if record is None:
            return cells
        counted = record.done if record.phase == "reading" else record.listed
        rate = self._rates.setdefault(source.seq, Rate()).update(record.phase, counted, record.updated_at)
        count = f"{record.listed:,} listed" if record.to_read is None else f"{record.done:,}/{record.to_read:,}"
        cells.append(Text(count))
        if record.to_read:
            cells.append(ProgressBar(total=record.to_read, completed=record.done, width=_BAR_WIDTH if wide else 12))
        else:
            cells.append(Text(""))
        running = source.state is SourceState.RUNNING
        cells.append(Text(f"{rate:,.0f}/s" if running and rate else ""))
        if wide:
            left = seconds_left(record.done, record.to_read, rate) if running else None
            cells.append(Text(span(left) if left is not None else ""))
            cells.append(Text(f"{record.requests:,}"))
        cells.append(Text(f"{record.failed:,}" if record.failed else "", style="red"))
        return cells


class _Changed:
    """Which running sources have moved since they were last told of, at most once a second each."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[float, tuple[object, ...]]] = {}

    def due(self, glance: Glance) -> list[tuple[SourceRecord, ProgressRecord]]:
        found = []
        for source in glance.sources:
            record = glance.progress.get(source.seq)
            if record is None or source.state is not SourceState.RUNNING:
                continue
            state = (record.phase, record.listed, record.done, record.requests)
            at, told = self._told.get(source.seq, (0.0, ()))
            if state != told and time.monotonic() - at >= 0.9:
                self._told[source.seq] = (time.monotonic(), state)
                found.append((source, record))
        return found


def event_line(event: Event) -> str:
    """An event as one line of text."""
    clock = time.strftime("%H:%M:%S", time.localtime(event.at))
    source = f"{safe(event.source_id)}: " if event.source_id else ""
    level = f"{event.level}: " if event.level in _LEVELS else ""
    return f"{clock} {level}{source}{safe(event.message)}"


def _counters(record: ProgressRecord) -> dict[str, object]:
    names = ("phase", "listed", "to_read", "done", "failed", "bytes_read", "requests", "tables")
    return {name: getattr(record, name) for name in names}


def _standing(record: ProgressRecord) -> str:
    done = "" if record.to_read is None else f", {record.done:,} of {record.to_read:,} files read"
    return f"{record.phase}, {record.listed:,} listed{done}, {size(record.bytes_read)}, {record.requests:,} requests"
