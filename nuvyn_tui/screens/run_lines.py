"""The lines of the Run board: a job's glance as rows, cells and a headline."""

from __future__ import annotations

import time
from dataclasses import dataclass

from textual.content import Content

from core.jobs.board import Look, Standing
from core.jobs.model import Event, SourceLine, SourceState
from core.text import plural, size, span
from nuvyn_tui.screens.story import STATE_STYLES, sources_in_words, took
from nuvyn_tui.text import bar, plain, sparkline
from nuvyn_tui.widgets.grid import Cell, Column

_BAR = 14
_ORDER = ("running", "staged", "failed", "queued", "cancelled", "skipped", "success")
_LEVELS = {"error": "bad", "warning": "warn"}

SOURCE_COLUMNS = (
    Column("source"),
    Column("state", 10),
    Column("progress", _BAR, wide=70),
    Column("files", 19, right=True),
    Column("rate", 8, right=True),
    Column("left", 9, right=True, wide=96),
    Column("requests", 9, right=True, wide=110),
    Column("failed", 6, right=True, wide=84),
)
LOG_COLUMNS = (Column("", 8), Column("", 7), Column("", 10, wide=50), Column(""))


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the board: one source, or with `source` None the whole job."""

    source: SourceLine | None
    standing: Standing | None
    look: Look | None = None

    @property
    def key(self) -> int:
        return -1 if self.source is None else self.source.seq


def lines(look: Look, *, by_state: bool) -> list[Line]:
    """The rows: the whole job, then its sources, those that run or failed first when asked so."""
    sources = list(look.sources)
    if by_state:
        sources.sort(key=lambda source: _ORDER.index(source.state))
    return [Line(None, None, look), *(Line(source, look.standings.get(source.seq)) for source in sources)]


def source_cells(line: Line) -> list[Cell]:
    """The cells of a row."""
    if line.source is None:
        assert line.look is not None
        return _all_cells(line.look)
    source, standing = line.source, line.standing
    meaning = STATE_STYLES[source.state.value]
    if source.state.ended:
        well = source.state is SourceState.SUCCESS
        files = plural(source.files or 0, "file") if well else ""
        tables = plural(source.tables or 0, "table") if well else ""
        taken = took(source.started_at, source.ended_at)
        failed = str(standing.counters.failed) if standing and standing.counters.failed else ""
        requests = f"{standing.counters.requests:,}" if standing else ""
        return [source.source_id, (source.state.value, meaning), tables, files, "", taken, requests, (failed, "bad")]
    if standing is None:
        return [source.source_id, (source.state.value, meaning), "", "", "", "", "", ""]
    now = standing.counters
    state = now.phase if source.state is SourceState.RUNNING else source.state.value
    return [
        source.source_id,
        (state, meaning),
        (bar(now.done, now.to_read, _BAR), "live") if now.to_read else "",
        _count(now.listed, now.done, now.to_read),
        f"{standing.rate:,.0f}/s" if standing.rate else "",
        span(standing.left_s) if standing.left_s is not None else "",
        f"{now.requests:,}",
        (str(now.failed) if now.failed else "", "bad"),
    ]


def _all_cells(look: Look) -> list[Cell]:
    totals = look.totals
    whole = totals.to_read if not totals.unlisted else None
    return [
        ("all sources", "quiet"),
        (look.job.state.value, STATE_STYLES[look.job.state.value]),
        (bar(totals.done, whole, _BAR), "live") if whole and not look.job.state.ended else "",
        _count(totals.listed, totals.done, whole) if totals.listed else "",
        f"{look.rate:,.0f}/s" if look.rate else "",
        span(look.left_s) if look.left_s is not None else "",
        f"{totals.requests:,}",
        (str(totals.failed) if totals.failed else "", "bad"),
    ]


def _count(listed: int, done: int, to_read: int | None) -> str:
    """Files done of those to read; while the listing goes on its end is not known, and not made up."""
    return f"{listed:,} listed" if to_read is None else f"{done:,} of {to_read:,}"


def headline(look: Look, width: int, *, frozen: bool) -> Content:
    """Two lines over the board: what job this is and how it stands; totals, rate and time left."""
    job, totals = look.job, look.totals
    state = "cancelling" if job.cancel_requested and not job.state.ended else job.state.value
    mark = "  FROZEN, f goes on" if frozen else ""
    ended = job.succeeded + job.failed + job.skipped + job.cancelled
    first = Content.assemble(
        " ",
        plain(job.workflow_id, "bold"),
        f"  {state}, {ended} of {plural(job.sources, 'source')} ended ({sources_in_words(job)})",
        f"  {took(job.started_at, job.ended_at, time.time())}",
        (mark, "bold $text-warning"),
    )
    parts = [plural(totals.listed, "object"), f"{totals.done:,} read", size(totals.bytes_read)]
    parts += [plural(totals.requests, "request"), plural(job.tables, "table")]
    if look.rate:
        parts.append(f"{look.rate:,.0f} files/s")
    if look.left_s is not None:
        parts.append(f"{span(look.left_s)} left")
    second = " " + ", ".join(parts)
    room = width - len(second) - 4
    if room >= 10 and any(look.rates):
        return Content.assemble(first, "\n", second, "  ", (sparkline(look.rates, room), "$text-accent"))
    return Content.assemble(first, "\n", second)


def event_cells(event: Event) -> list[Cell]:
    """A line of the log."""
    meaning = _LEVELS.get(event.level, "quiet")
    clock = time.strftime("%H:%M:%S", time.localtime(event.at))
    who = event.source_id or ""
    return [(clock, "quiet"), (event.level, meaning), (who, "quiet"), event.message]
