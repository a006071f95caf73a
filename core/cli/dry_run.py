"""`nuvyn run --dry-run`: what a run would cost, as a table or as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import fields

import click

from core import loops
from core.budget import Budget
from core.cli.context import House
from core.jobs.dry_run import SourceBudget, source_budget
from core.payload.models import Job
from core.progress import Progress
from core.text import safe, size, span

_LOOKS_A_SECOND = 5
_SUMMED = [f.name for f in fields(Budget) if f.name not in ("seconds", "warnings")]


def show_budget(house: House, job: Job, *, as_json: bool) -> int:
    """List every source, print what reading it would take, and give the exit status."""
    found = [loops.run(_watched(house, job, seq)) for seq in range(len(job.sources))]
    total = _total([entry.budget for entry in found if entry.budget is not None])
    if as_json:
        click.echo(json.dumps({"dry_run": True, "sources": [entry.document() for entry in found], "total": total}))
    else:
        _print(found, total)
    return 1 if any(entry.error is not None for entry in found) else 0


async def _watched(house: House, job: Job, seq: int) -> SourceBudget:
    """One source's budget, with its listing's progress on a terminal; ctrl+c ends it."""
    progress = Progress()
    work = asyncio.ensure_future(source_budget(job, seq, house.settings, house.mirror, progress))
    shows = sys.stderr.isatty()
    try:
        while not work.done():
            await asyncio.wait([work], timeout=1 / _LOOKS_A_SECOND)
            if shows and not work.done():
                text = f"{safe(job.sources[seq].source_id)}: {progress.listed:,} listed"
                click.echo(f"\r{text}\x1b[K", nl=False, err=True)
    finally:
        work.cancel()
        if shows:
            click.echo("\r\x1b[K", nl=False, err=True)
    return await work


def _total(budgets: Sequence[Budget]) -> dict[str, int | float | None]:
    total: dict[str, int | float | None] = {name: sum(getattr(entry, name) for entry in budgets) for name in _SUMMED}
    known = [entry.seconds for entry in budgets if entry.seconds is not None]
    total["seconds"] = round(sum(known), 3) if len(known) == len(budgets) else None
    return total


def _print(found: Sequence[SourceBudget], total: dict[str, int | float | None]) -> None:
    for entry in found:
        click.echo(f"{safe(entry.source_id)}  {safe(entry.shown)}")
        if entry.note is not None:
            click.echo(f"  {safe(entry.note)}")
        elif entry.error is not None:
            click.echo(f"  error: {safe(entry.error)}")
            if entry.hint:
                click.echo(f"  hint: {safe(entry.hint)}")
        elif entry.budget is not None:
            for line in _lines({name: getattr(entry.budget, name) for name in (*_SUMMED, "seconds")}):
                click.echo(f"  {line}")
            for text in entry.budget.warnings:
                click.echo(f"  warning: {safe(text)}")
    if len(found) > 1:
        click.echo("all sources")
        for line in _lines(total):
            click.echo(f"  {line}")
    click.echo("nothing was read; without --dry-run it is")


def _lines(of: dict[str, int | float | None]) -> list[str]:
    def number(name: str) -> str:
        return f"{of[name]:,}"

    logs = f", and {number('logs')} logs of lakehouse tables" if of["logs"] else ""
    seconds = of["seconds"]
    took = "not known" if seconds is None else f"about {span(seconds)}, by how fast the listing was answered"
    return [
        f"listed {number('listed')}: {number('to_read')} to read{logs}, {number('unchanged')} unchanged,"
        f" {number('failed')} failed before, {number('ignored')} ignored",
        f"requests: {number('list_requests')} LIST made, {number('get_requests')} GET to come,"
        f" {size(int(of['bytes'] or 0))}",
        f"time: {took}",
    ]
