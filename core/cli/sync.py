"""`nuvyn sync`: send what the mirror holds to Databricks, or show what would be sent."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TypeVar

import click

from core.cli.context import json_option, open_house, quiet
from core.cli.root import CANCELLED
from core.databricks.faults import SyncStopped
from core.databricks.plan import Plan, State
from core.databricks.sync import Scope, Sync, SyncProgress, SyncResult
from core.databricks.target import target_of
from core.databricks.task import SyncTask
from core.errors import UsageError
from core.text import plural, safe, span

T = TypeVar("T")

_LOOK_S = 0.1
_LINE_EVERY_S = 5.0


@click.command()
@click.argument("workflow", required=False)
@click.option("--source", "sources", multiple=True, help="Only this source of the workflow; may be given again.")
@click.option("--target", "place", metavar="CATALOG.SCHEMA", help="Where to, instead of the configured schema.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option("--verify", is_flag=True, help="Sum up on both sides also what counts as equal.")
@click.option("--prune", is_flag=True, help="Delete there what the mirror no longer holds.")
@json_option
def sync(
    workflow: str | None,
    sources: tuple[str, ...],
    place: str | None,
    dry_run: bool,
    verify: bool,
    prune: bool,
    as_json: bool,
) -> int:
    """Send what the mirror holds (of WORKFLOW) to a Databricks SQL warehouse.

    A source that is there already, by its content's hash, is not sent again. What ends halfway is
    completed by the next sync.

    \b
    The warehouse: DATABRICKS_SERVER_HOSTNAME, DATABRICKS_HTTP_PATH and DATABRICKS_ACCESS_TOKEN,
    or [databricks] in the config file.
    """
    if sources and workflow is None:
        raise UsageError("--source needs a workflow", hint="nuvyn sync WORKFLOW --source SOURCE")
    with open_house() as house:
        target = target_of(house.settings, place=place)
        scope = Scope(workflow, sources or None, verify=verify, prune=prune)
        job = Sync(target, house.mirror, house.settings.runs, scope)
        silent = as_json or quiet()
        if not silent:
            click.echo(f"to {target.place} on {target.host}, with {target.login}", err=True)
        try:
            plan = _wait(SyncTask(job, job.plan), quiet=silent)
            if not silent:
                click.echo(f"as {safe(job.identity)}", err=True)
                _print_plan(plan, prune=prune)
            if dry_run:
                if as_json:
                    click.echo(json.dumps(_plan_document(job, plan)))
                return 0
            result = _wait(SyncTask(job, lambda: job.run(plan)), quiet=silent)
            job.close()
        except SyncStopped as stopped:
            _print_stopped(job, stopped, as_json=as_json)
            return CANCELLED
        if as_json or not silent:
            click.echo(json.dumps(_document(job, result)) if as_json else _told(result))
        return 0


def _wait(task: SyncTask[T], *, quiet: bool) -> T:
    """The result of a task; ctrl+c cancels it, and it is shown meanwhile."""
    shown = _Shown(task.sync.progress, quiet=quiet)
    with _signals(), contextlib.closing(shown):
        while True:
            try:
                with contextlib.suppress(TimeoutError):
                    return task.future.result(_LOOK_S)
                shown.look()
            except KeyboardInterrupt:
                shown.close()
                click.echo("cancelling", err=True)
                task.cancel()


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM ends a sync as ctrl+c does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    old = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)


class _Shown:
    """A line that is drawn over on a terminal, a line now and then elsewhere; notes as they come."""

    def __init__(self, progress: SyncProgress, *, quiet: bool) -> None:
        self._progress, self._quiet = progress, quiet
        self._notes = len(progress.notes)
        self._tty = sys.stderr.isatty()
        self._next = time.monotonic() + (0 if self._tty else _LINE_EVERY_S)

    def look(self) -> None:
        if self._quiet:
            return
        for _, note in self._progress.notes[self._notes :]:
            self._write(safe(note), keep=True)
            self._notes += 1
        if time.monotonic() >= self._next:
            self._write(safe(progress_line(self._progress)), keep=not self._tty)
            self._next = time.monotonic() + (_LOOK_S if self._tty else _LINE_EVERY_S)

    def close(self) -> None:
        """Take the line away, and write what is not told yet."""
        if not self._quiet:
            for _, note in self._progress.notes[self._notes :]:
                self._write(safe(note), keep=True)
                self._notes += 1
            self._write("", keep=False)

    def _write(self, text: str, *, keep: bool) -> None:
        clear = "\r\x1b[K" if self._tty else ""
        click.echo(clear + text, err=True, nl=keep)


def progress_line(progress: SyncProgress) -> str:
    """What a sync does now, in a line."""
    if not progress.sources_to_do:
        return progress.waiting or progress.phase
    where = f" {progress.table}" if progress.table else ""
    names = ", ".join(progress.source_ids[:3]) + (", …" if len(progress.source_ids) > 3 else "")
    of = f" of {names}" if names else ""
    counts = f"{progress.rows_sent:,} of {progress.rows_to_send:,} rows, {plural(progress.statements, 'statement')}"
    sources = f"{progress.sources_done:,} of {plural(progress.sources_to_do, 'source')}"
    return f"{progress.phase}{where}{of}: {sources}, {counts}"


def _print_plan(plan: Plan, *, prune: bool) -> None:
    if not plan.sources:
        click.echo("the mirror holds no source: run a payload first")
        return
    width = max(len(source.workflow_id) + len(source.source_id) + 1 for source in plan.sources)
    for source in plan.sources:
        rows = ", ".join(f"{count:,} {name}" for name, count in source.rows.items() if count)
        if source.state is State.GONE:
            rows = "will be deleted there" if prune else "only there; --prune deletes it"
        name = safe(f"{source.workflow_id}/{source.source_id}")
        click.echo(f"{source.state:8} {name:{width}}  {rows}")
    counts = Counter(source.state for source in plan.sources)
    sums = ", ".join(f"{counts[state]:,} {state}" for state in State if counts[state])
    click.echo(f"{sums}; {plan.rows:,} rows to compare or send, at most about {plural(plan.statements, 'statement')}")


def _told(result: SyncResult) -> str:
    parts = [f"{plural(len(result.sent), 'source')} sent and verified", f"{len(result.equal):,} equal already"]
    if result.deleted:
        parts.append(f"{len(result.deleted):,} deleted")
    work = f"{plural(result.rows, 'row')} in {plural(result.statements, 'statement')}, {span(result.duration_s)}"
    return f"{', '.join(parts)}: {work}"


def _print_stopped(job: Sync, stopped: SyncStopped, *, as_json: bool) -> None:
    done = len(job.progress.done)
    if as_json:
        click.echo(json.dumps({"status": "cancelled", "sync_id": job.id, "sources_sent": _pairs(job.progress.done)}))
    click.echo(f"{stopped.message}: {plural(done, 'source')} sent by then; the next sync completes the rest", err=True)


def _document(job: Sync, result: SyncResult) -> dict[str, object]:
    return {
        "status": "completed",
        "target": job.target.place,
        "host": job.target.host,
        "identity": job.identity,
        "sync_id": result.sync_id,
        "sent": _pairs(result.sent),
        "equal": _pairs(result.equal),
        "gone": _pairs(result.gone),
        "deleted": _pairs(result.deleted),
        "rows": result.rows,
        "statements": result.statements,
        "duration_s": round(result.duration_s, 3),
    }


def _plan_document(job: Sync, plan: Plan) -> dict[str, object]:
    sources = [{**asdict(source), "synced_at": _iso(source.synced_at)} for source in plan.sources]
    return {
        "status": "planned",
        "target": job.target.place,
        "host": job.target.host,
        "identity": job.identity,
        "sources": sources,
        "rows": plan.rows,
        "statements": plan.statements,
    }


def _pairs(sources: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"workflow_id": workflow, "source_id": source} for workflow, source in sources]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
