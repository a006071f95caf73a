"""A job told in words: its sources, errors with hints, warnings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from core.jobs.model import Event, JobLine, JobState, SourceLine, SourceState
from core.jobs.store import JobStore
from core.text import plural, size, span
from nuvyn_tui.text import plain

STATE_STYLES = {
    "completed": "good",
    "success": "good",
    "partial": "warn",
    "failed": "bad",
    "cancelled": "warn",
    "skipped": "warn",
    "running": "live",
    "staged": "live",
    "queued": "quiet",
}
"""How a state is meant, for Grid cells."""

_COLOURS = {"good": "$text-success", "bad": "$text-error", "warn": "$text-warning", "live": "$text-accent"}
_MAX_SOURCES = 200


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of a job."""

    job: JobLine
    sources: Sequence[SourceLine]
    warnings: Sequence[Event]


def read_story(store: JobStore, job_id: str) -> Story:
    """Read a job's story from the store.

    Raises:
        JobError: the job is no more.
    """
    warnings = [event for event in store.last_events(job_id) if event.level in ("warning", "error")]
    return Story(store.line(job_id), store.source_lines(job_id), warnings)


def took(started: float | None, ended: float | None, now: float | None = None) -> str:
    """How long something ran, or has run so far."""
    return span((ended or now or time.time()) - started) if started else ""


def sources_in_words(job: JobLine) -> str:
    """`3 ok, 1 failed of 4`: how a job's sources stand."""
    parts = [
        f"{count} {word}"
        for count, word in (
            (job.succeeded, "ok"),
            (job.failed, "failed"),
            (job.skipped, "skipped"),
            (job.cancelled, "cancelled"),
        )
        if count
    ]
    ended = job.succeeded + job.failed + job.skipped + job.cancelled
    if ended < job.sources:
        parts.append(f"{ended} of {job.sources}" if not parts else f"{job.sources - ended} to go")
    return ", ".join(parts)


def found_in_words(source: SourceLine | JobLine) -> str:
    """`12 files (3.4 MB), 3 tables, 20 columns`."""
    if source.files is None:
        return ""
    files = f"{plural(source.files, 'file')} ({size(source.bytes or 0)})"
    return f"{files}, {plural(source.tables or 0, 'table')}, {plural(source.columns or 0, 'column')}"


def told(story: Story, *, whole: bool = False) -> Content:
    """The story; `whole` tells every source, else only those that went wrong."""
    job = story.job
    state = "cancelling" if job.cancel_requested and job.state is JobState.RUNNING else job.state.value
    lines = [
        Content.assemble(
            plain(job.workflow_id, "bold"),
            "  ",
            _styled(state, job.state.value),
            f"  {sources_in_words(job)}  {took(job.started_at, job.ended_at)}",
        ),
        Content(f"{job.job_id}   {found_in_words(job)}"),
    ]
    if job.error:
        lines.append(plain(job.error, _COLOURS["bad"]))
    wrong = [s for s in story.sources if s.error]
    for source in (story.sources if whole else wrong)[:_MAX_SOURCES]:
        lines += _source(source)
    ids = {source.source_id for source in wrong if source.state is SourceState.FAILED}
    for event in story.warnings:
        if event.kind == "ended" or (event.level == "error" and event.source_id in ids):
            continue
        who = f"{event.source_id}: " if event.source_id else ""
        lines.append(Content.assemble(("! ", _COLOURS["warn"]), plain(f"{who}{event.message}")))
    return Content("\n").join(lines)


def _source(source: SourceLine) -> list[Content]:
    head = Content.assemble(
        plain(source.source_id, "bold"),
        "  ",
        _styled(source.state.value, source.state.value),
        f"  {found_in_words(source)}",
        f"  {source.attempts} attempts" if source.attempts > 1 else "",
    )
    lines = [head]
    if source.error:
        lines.append(Content.assemble("  ", plain(source.error)))
    if source.hint:
        lines.append(Content.assemble("  ", ("what to do: ", "bold"), plain(source.hint)))
    return lines


def _styled(text: str, state: str) -> Content:
    return Content.styled(text, _COLOURS.get(STATE_STYLES[state], ""))
