"""`nuvyn jobs`, `show`, `logs`, `cancel`: what the job store knows."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.cli.completion import job_ids
from core.cli.context import House, json_option, open_house
from core.cli.display import display_for, event_line
from core.cli.summary import print_summary
from core.jobs.model import JobRecord, JobState, SourceState
from core.jobs.watch import Watch
from core.text import safe, span

_LOOK_EVERY_S = 0.3


@click.command()
@click.option("--state", type=click.Choice([s.value for s in JobState]), help="Only jobs in this state.")
@click.option("--workflow", help="Only jobs of this workflow.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@json_option
def jobs(state: str | None, workflow: str | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    with open_house() as house:
        found = house.store.jobs(state=state, workflow_id=workflow, limit=limit)
        if as_json:
            click.echo(json.dumps([_listed(house, job) for job in found]))
            return
        if not found:
            click.echo("no jobs yet: `nuvyn demo` runs one, `nuvyn run PAYLOAD.json` yours")
            return
        table = Table(box=None, pad_edge=False)
        for heading in ("job", "workflow", "state", "sources", "took", "age"):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        for job in found:
            row = _listed(house, job)
            sources = f"{row['succeeded']} ok, {row['failed']} failed" if row["failed"] else f"{row['succeeded']} ok"
            took = span((job.ended_at or time.time()) - job.started_at) if job.started_at else ""
            age = span(time.time() - job.created_at)
            table.add_row(*map(Text, (job.job_id, safe(job.workflow_id), job.state.value, sources, took, age)))
        Console(width=None if sys.stdout.isatty() else 200).print(table)


def _listed(house: House, job: JobRecord) -> dict[str, object]:
    states = [source.state for source in house.store.sources(job.job_id)]
    return {
        "job_id": job.job_id,
        "workflow_id": job.workflow_id,
        "tenant_id": job.tenant_id,
        "status": job.state.value,
        "sources": len(states),
        "succeeded": states.count(SourceState.SUCCESS),
        "failed": states.count(SourceState.FAILED),
        "skipped": states.count(SourceState.SKIPPED),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
    }


@click.command()
@click.argument("job_id", shell_complete=job_ids)
@click.option("-f", "--follow", is_flag=True, help="Stay and show it live until it ends.")
@json_option
def show(job_id: str, follow: bool, as_json: bool) -> None:
    """Show a job: its sources with their files, tables and columns. JOB_ID may be shortened."""
    with open_house() as house:
        job = house.store.job(job_id)
        if follow and not job.state.ended:
            _follow(house, job.job_id, as_json=as_json)
            job = house.store.job(job.job_id)
        if as_json:
            sources = [asdict(source) for source in house.store.sources(job.job_id)]
            progress = [asdict(record) for record in house.store.progress(job.job_id)]
            running = {**_listed(house, job), "source_list": sources, "progress": progress}
            click.echo(json.dumps(job.answer or running))
            return
        print_summary(job, house.store.sources(job.job_id), house.mirror)


def _follow(house: House, job_id: str, *, as_json: bool) -> None:
    display = display_for(as_json)
    watch = Watch(house.store, job_id)
    try:
        while True:
            glance = watch.look()
            display.show(glance)
            if glance.job.state.ended:
                return
            time.sleep(_LOOK_EVERY_S)
    finally:
        display.stop()


@click.command()
@click.argument("job_id", shell_complete=job_ids)
@click.option("--source", help="Only what concerns this source.")
@click.option("-f", "--follow", is_flag=True, help="Stay until the job ends.")
@json_option
def logs(job_id: str, source: str | None, follow: bool, as_json: bool) -> None:
    """Print what happened in a job, in order."""
    with open_house() as house:
        watch = Watch(house.store, house.store.job(job_id).job_id)
        while True:
            glance = watch.look()
            for event in glance.events:
                if source is None or event.source_id == source:
                    click.echo(json.dumps(asdict(event)) if as_json else event_line(event))
            if not follow or glance.job.state.ended:
                return
            time.sleep(_LOOK_EVERY_S)


@click.command()
@click.argument("job_id", shell_complete=job_ids)
@json_option
def cancel(job_id: str, as_json: bool) -> None:
    """Cancel a job; sources that have ended stay in the mirror."""
    with open_house() as house:
        record = house.store.job(job_id)
        state = house.store.request_cancel(record.job_id)
        ended = state is JobState.CANCELLED
        text = "cancelled" if ended else "cancel asked for; its worker stops it"
        click.echo(
            json.dumps({"job_id": record.job_id, "status": state.value, "message": text})
            if as_json
            else f"{record.job_id}: {text}"
        )
