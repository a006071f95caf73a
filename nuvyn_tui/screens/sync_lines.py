"""The lines of the Sync mode: sources with their state, the target, what runs, what was done."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from textual.content import Content

from core.databricks.plan import Plan, SourcePlan, State
from core.databricks.sync import SyncProgress, SyncResult
from core.databricks.target import Target
from core.text import plural, span
from nuvyn_tui.text import bar, fit, plain
from nuvyn_tui.widgets.grid import Cell, Column

COLUMNS = (
    Column("state", 8),
    Column("source"),
    Column("rows", 11, right=True),
    Column("tables", 8, right=True),
    Column("columns", 10, right=True, wide=70),
    Column("files", 10, right=True, wide=84),
    Column("last sent (UTC)", 16, wide=104),
)
NOTE_COLUMNS = (Column("", 8), Column(""))
_MEANINGS = {
    "new": "live",
    "changed": "live",
    "sending": "live",
    "checking": "live",
    "deleting": "warn",
    "sent": "good",
    "equal": "quiet",
    "gone": "warn",
}
_MOST_NAMES = 6

Note = tuple[float, str]
"""When, in Unix seconds, and what was told."""


@dataclass(frozen=True, slots=True)
class Line:
    """A source: how it stands, and what the mirror holds of it."""

    workflow_id: str
    source_id: str
    state: str
    rows: int
    tables: int
    columns: int
    files: int
    synced_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.workflow_id}/{self.source_id}"

    @property
    def key(self) -> tuple[str, str]:
        return self.workflow_id, self.source_id


def narrowed(plan: Plan, workflow_id: str | None) -> Plan:
    """The part of a plan that is of one workflow; None stands for all."""
    if workflow_id is None:
        return plan
    return Plan(tuple(source for source in plan.sources if source.workflow_id == workflow_id), plan.made)


def merged(old: Plan, new: Plan, workflow_id: str | None) -> Plan:
    """A plan after a newer one of a workflow, or of all."""
    if workflow_id is None:
        return new
    others = [source for source in old.sources if source.workflow_id != workflow_id]
    sources = sorted([*new.sources, *others], key=lambda source: (source.workflow_id, source.source_id))
    return Plan(tuple(sources), new.made)


def settled(plan: Plan, sent: Collection[tuple[str, str]]) -> Plan:
    """A plan after some of its sources were sent."""
    now, done = datetime.now(UTC).replace(tzinfo=None), frozenset(sent)
    sources = (
        replace(source, state=State.EQUAL, synced_at=now) if (source.workflow_id, source.source_id) in done else source
        for source in plan.sources
    )
    return Plan(tuple(sources), plan.made or bool(done))


def without(plan: Plan, deleted: Collection[tuple[str, str]]) -> Plan:
    """A plan after some of its sources were deleted there."""
    gone = frozenset(deleted)
    return Plan(tuple(s for s in plan.sources if (s.workflow_id, s.source_id) not in gone), plan.made)


def prune_question(gone: Sequence[SourcePlan]) -> str:
    """What is asked before sources are deleted in the warehouse."""
    names = ", ".join(f"{source.workflow_id}/{source.source_id}" for source in gone[:_MOST_NAMES])
    more = f" and {len(gone) - _MOST_NAMES:,} more" if len(gone) > _MOST_NAMES else ""
    what = f"{plural(len(gone), 'source')} that the mirror no longer holds"
    return f"Delete {what} from the warehouse? {names}{more}"


def under_way(phase: str) -> str:
    """What is done to a sync's current sources in one of its phases."""
    return {"deleting": "deleting", "comparing": "checking", "reading": "checking"}.get(phase, "sending")


def lines_of(
    plan: Plan,
    done: Collection[tuple[str, str]] = (),
    doing: tuple[str, Collection[str], str] | None = None,
) -> list[Line]:
    """A plan's sources; those in `done` are sent by now.

    `doing` is what is under way: the workflow, its sources, and what is done to them.
    """
    sent = frozenset(done)
    workflow_id, ids, word = doing or ("", (), "")
    going = frozenset(ids)
    found = []
    for source in plan.sources:
        key = (source.workflow_id, source.source_id)
        now = word if source.workflow_id == workflow_id and source.source_id in going else source.state.value
        state = "sent" if key in sent else now
        tables, columns, files = (source.rows.get(name, 0) for name in ("tables", "columns", "files"))
        found.append(Line(*key, state, source.all_rows, tables, columns, files, source.synced_at))
    return found


def cells(line: Line) -> list[Cell]:
    """The cells of a source."""
    here = line.state not in ("gone", "deleting")
    counts = [f"{n:,}" if here else "" for n in (line.rows, line.tables, line.columns, line.files)]
    when = f"{line.synced_at:%Y-%m-%d %H:%M}" if line.synced_at else ""
    when = "just now" if line.state == "sent" else when
    return [(line.state, _MEANINGS[line.state]), line.name, *counts, (when, "quiet")]


def note_cells(note: Note) -> list[Cell]:
    """A line of the log."""
    return [(time.strftime("%H:%M:%S", time.localtime(note[0])), "quiet"), (note[1], "warn")]


def head(target: Target, identity: str, workflow_id: str | None = None) -> Content:
    """Where to and as whom, and the workflow that the list is narrowed to."""
    only = f"  only {workflow_id}, w shows all" if workflow_id is not None else ""
    who = f"{identity} ({target.login})" if identity else target.login
    volume = f"  through {target.volume}" if target.volume else ""
    return Content.assemble(
        plain(target.place, "bold"),
        plain(only, "bold $text-warning"),
        plain(f"  on {target.host}"),
        "\n",
        plain(f"{target.http_path}  as {who}{volume}", "$text-muted"),
    )


def plan_in_words(plan: Plan) -> Content:
    """How the sources stand, and what a sync would take."""
    counts = Counter(source.state for source in plan.sources)
    parts = [Content.assemble((f"{counts[state]:,} ", "bold"), state.value) for state in State if counts[state]]
    if not plan.batches():
        more = "nothing is to be sent" + ("; P deletes there what is gone here" if counts[State.GONE] else "")
    else:
        more = f"s sends up to {plural(plan.rows, 'row')} in at most about {plural(plan.statements, 'statement')}"
    made = "" if plan.made else "\nthe schema is not there yet; the first sync makes it"
    return Content.assemble(Content(", ").join(parts), f": {more}{made}")


def progress_in_words(progress: SyncProgress, seconds: float, width: int, *, stopping: bool) -> Content:
    """What runs now, on two lines: where it is, and how far."""
    names = ", ".join(progress.source_ids[:_MOST_NAMES]) + ", …" * (len(progress.source_ids) > _MOST_NAMES)
    what = "cancelling" if stopping else " ".join(filter(None, (progress.phase, progress.table)))
    after = progress.waiting or (f"of {names}" if names and progress.table else names)
    meant = "$text-warning" if progress.waiting else ""
    # On one line: the list below must not jump.
    after = fit(after, max(0, width - len(what) - 4)).rstrip()
    first = Content.assemble((what, "bold $text-accent"), ": " if progress.waiting else " ", plain(after, meant))
    counts = [f"{progress.rows_sent:,} of {plural(progress.rows_to_send, 'row')}"] if progress.rows_to_send else []
    if progress.sources_to_do:
        counts.append(f"{progress.sources_done:,} of {plural(progress.sources_to_do, 'source')}")
    counts += [plural(progress.statements, "statement"), span(seconds)]
    second = ", ".join(counts)
    room = min(30, width - len(second) - 4)
    if progress.rows_to_send and room >= 8:
        drawn = bar(min(progress.rows_sent, progress.rows_to_send), progress.rows_to_send, room)
        return Content.assemble(first, "\n", (drawn, "$text-accent"), "  ", second)
    return Content.assemble(first, "\n", second)


def result_in_words(result: SyncResult, *, verified: int) -> Content:
    """What a sync did; `verified` sources were summed up on both sides and found equal."""
    counts = (
        (len(result.sent), f"{plural(len(result.sent), 'source')} sent and verified"),
        (verified, f"{plural(verified, 'source')} summed up on both sides and equal"),
        (len(result.equal), f"{len(result.equal):,} equal already"),
        (len(result.deleted), f"{plural(len(result.deleted), 'source')} deleted there"),
        (0 if result.deleted else len(result.gone), f"{len(result.gone):,} gone (P deletes there)"),
    )
    said = ", ".join(words for count, words in counts if count) or "there was nothing to do"
    work = f"{plural(result.rows, 'row')} in {plural(result.statements, 'statement')}, {span(result.duration_s)}"
    return Content.assemble(("done: ", "bold $text-success"), said, f"\n{work}")


def stopped_in_words(sent: int | None) -> Content:
    """How a cancelled sync stands; None when it had not begun to send."""
    if sent is None:
        return Content.assemble(("cancelled", "bold $text-warning"), ": nothing was sent")
    return Content.assemble(
        ("cancelled", "bold $text-warning"),
        f": {plural(sent, 'source')} sent by then; the next sync completes the rest",
    )


def unusable_in_words(message: str, hint: str) -> Content:
    """Why there is no warehouse to speak to, and what to set."""
    return Content.assemble(plain(message, "$text-warning"), plain(f"\n{hint}" if hint else ""))


def failed_in_words(message: str, hint: str) -> Content:
    """A fault with what to do."""
    return Content.assemble(("failed: ", "bold $text-error"), plain(message), plain(f"\n{hint}" if hint else ""))


def told(line: Line, source: SourcePlan) -> str:
    """All that is known of a source."""
    why = {
        "new": "The warehouse has no mark of it: it was never sent, or not to its end.",
        "changed": "The mark in the warehouse stands for other rows than the mirror holds now.",
        "equal": "The mark in the warehouse stands for exactly the rows that the mirror holds.",
        "gone": "A sync brought it to the warehouse, and the mirror no longer holds it. P deletes it there.",
        "sent": "It was sent, and both sides were found equal by count and checksum.",
        "sending": "It is being sent.",
        "checking": "Its rows on both sides are being compared.",
        "deleting": "It is being deleted there.",
    }
    rows = [f"{name:16}{count:>12,}" for name, count in source.rows.items()]
    when = f"{line.synced_at:%Y-%m-%d %H:%M:%S} UTC" if line.synced_at else "never to its end"
    when = "just now" if line.state == "sent" else when
    return "\n".join([f"{line.state}. {why[line.state]}", "", f"last sent       {when}", "", *rows])


def holding(lines: Sequence[Line], words: Sequence[str]) -> list[Line]:
    """The lines that hold every word."""
    return [line for line in lines if all(word in f"{line.name} {line.state}".lower() for word in words)]
