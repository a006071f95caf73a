"""`nuvyn run --dry-run`: what a run would cost, as lines or as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

import click

from core import loops
from core.cli.context import House
from core.jobs.dry_run import SourceBudget, budget_lines, job_budget, total_of
from core.payload.models import Job
from core.progress import Progress
from core.text import plural, safe

_LOOKS_A_SECOND = 5


def show_budget(house: House, job: Job, *, as_json: bool) -> int:
    """List every source, print what reading it would take, and give the exit status."""
    found = loops.run(_watched(house, job))
    if as_json:
        documents = [entry.document() for entry in found]
        click.echo(json.dumps({"dry_run": True, "sources": documents, "total": total_of(found)}))
    else:
        _print(found)
    return 1 if any(entry.error is not None for entry in found) else 0


async def _watched(house: House, job: Job) -> list[SourceBudget]:
    """The budgets, with the listings' progress on a terminal; ctrl+c ends it."""
    progress = [Progress() for _ in job.sources]
    work = asyncio.ensure_future(job_budget(job, house.settings, house.mirror, progress))
    shows = sys.stderr.isatty()
    try:
        while not work.done():
            await asyncio.wait([work], timeout=1 / _LOOKS_A_SECOND)
            if shows and not work.done():
                text = f"{sum(each.listed for each in progress):,} listed of {plural(len(progress), 'source')}"
                click.echo(f"\r{text}\x1b[K", nl=False, err=True)
    finally:
        work.cancel()
        if shows:
            click.echo("\r\x1b[K", nl=False, err=True)
    return await work


def _print(found: Sequence[SourceBudget]) -> None:
    for entry in found:
        click.echo(f"{safe(entry.source_id)}  {safe(entry.shown)}")
        if entry.error is not None:
            click.echo(f"  error: {safe(entry.error)}")
            if entry.hint:
                click.echo(f"  hint: {safe(entry.hint)}")
        for line in entry.lines():
            click.echo(f"  {safe(line)}")
    if len(found) > 1:
        click.echo("all sources")
        for line in budget_lines(total_of(found)):
            click.echo(f"  {line}")
    click.echo("nothing was read; without --dry-run it is")
