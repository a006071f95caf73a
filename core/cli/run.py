"""`nuvyn run` and `nuvyn retry`: run a job in this process, and show it live."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys

import click

from core import loops
from core.cli.completion import job_ids
from core.cli.context import House, json_option, open_house, override, quiet
from core.cli.display import Display, PlainLines, display_for
from core.cli.dry_run import show_budget
from core.cli.problems import read_checked
from core.cli.root import CANCELLED
from core.cli.summary import print_summary
from core.errors import UsageError
from core.jobs.background import carries_secrets
from core.jobs.model import JobRecord, JobState
from core.jobs.requests import accepting_shrink, create, stored_job
from core.jobs.runner import Runner
from core.jobs.store import this_owner
from core.jobs.sweep import sweep
from core.jobs.watch import Watch
from core.payload.load import check
from core.payload.models import Job

_LOOK_EVERY_S = 0.2
EXIT = {JobState.COMPLETED: 0, JobState.FAILED: 1, JobState.PARTIAL: 3, JobState.CANCELLED: CANCELLED}
"""The exit status of each end of a job."""


accept_shrink_option = click.option(
    "--accept-shrink", is_flag=True, help="Also store a source of which less than a quarter is left, or nothing."
)


@click.command()
@click.argument("payload", required=False)
@click.option("--write-to-db", is_flag=True, help="Write to Databricks too, when it is configured.")
@click.option("--engine", type=click.Choice(["local", "spark"]), help="What reads the files; the setting `engine`.")
@click.option("--spark-remote", metavar="URL", help="A Spark Connect server, sc://HOST:PORT; else the active session.")
@click.option("--dry-run", is_flag=True, help="List only: tell what there is to read, in requests, bytes and time.")
@accept_shrink_option
@click.option("--queue", is_flag=True, help="Only queue the job, for a worker.")
@click.option("--handed", is_flag=True, hidden=True, help="Run, unseen, a job that standard input hands over.")
@json_option
def run(
    payload: str | None,
    write_to_db: bool,
    engine: str | None,
    spark_remote: str | None,
    dry_run: bool,
    accept_shrink: bool,
    queue: bool,
    handed: bool,
    as_json: bool,
) -> int:
    """Run a payload: a JSON file, `-` for standard input, or the variable NUVYN_JOB_PAYLOAD.

    \b
    Exit status: 0 completed, 1 failed, 2 refused payload, 3 partial, 130 cancelled.
    """
    if queue and (engine or spark_remote):
        raise UsageError("a queued job is read as the worker's settings say", hint="set NUVYN_ENGINE for the worker")
    override(engine=engine or ("spark" if spark_remote else None), spark_remote=spark_remote)
    if handed:
        return _run_handed()
    job = read_checked(payload, as_json=as_json)
    if accept_shrink:
        job = accepting_shrink(job)
    with open_house() as house:
        if dry_run:
            return show_budget(house, job, as_json=as_json)
        if queue:
            if carries_secrets(job):
                raise UsageError(
                    "a queued job cannot have secrets in its payload: they are not stored, so no worker has them",
                    hint="put them into a connection, or run it without --queue",
                )
            job_id = create(house.store, job, write_to_db=write_to_db, owner=None)
            click.echo(json.dumps({"job_id": job_id, "status": "queued"}) if as_json else f"queued {job_id}")
            return 0
        owner = this_owner()
        job_id = create(house.store, job, write_to_db=write_to_db, owner=owner)
        return run_shown(house, house.store.job(job_id), job, owner, as_json=as_json)


def _run_handed() -> int:
    """Run the job that another process made and handed over, with the secrets that are not stored."""
    given = json.load(sys.stdin)
    with open_house() as house:
        job = check(given["payload"], defaults=house.settings.options).accepted()
        return EXIT[run_silently(house, house.store.job(given["job_id"]), job, given["owner"])]


@click.command()
@click.argument("job_id", shell_complete=job_ids)
@accept_shrink_option
@json_option
def retry(job_id: str, accept_shrink: bool, as_json: bool) -> int:
    """Run again what of an ended job failed or was cancelled; what succeeded stays."""
    with open_house() as house:
        record = house.store.job(job_id)
        job = stored_job(house.settings, record)
        if accept_shrink:
            job = accepting_shrink(job)
        owner = this_owner()
        house.store.requeue(record.job_id, owner=owner)
        return run_shown(house, house.store.job(record.job_id), job, owner, as_json=as_json)


def run_shown(house: House, record: JobRecord, job: Job, owner: str, *, as_json: bool) -> int:
    """Run a job that `owner` holds, show it, print the answer, and give the exit status."""
    state = loops.run(_run(house, record, job, owner, display_for(as_json, quiet=quiet())))
    ended = house.store.job(record.job_id)
    if as_json:
        click.echo(json.dumps(ended.answer))
    elif not quiet():
        print_summary(ended, house.store.sources(record.job_id), house.mirror)
    return EXIT[state]


def run_silently(house: House, record: JobRecord, job: Job, owner: str) -> JobState:
    """Run a job that `owner` holds, with nothing on standard output."""
    return loops.run(_run(house, record, job, owner, PlainLines(lambda line: click.echo(line, err=True))))


async def _run(house: House, record: JobRecord, job: Job, owner: str, display: Display) -> JobState:
    await asyncio.to_thread(sweep, house.settings, house.store, house.mirror)
    runner = Runner(house.settings, house.store, house.mirror, owner)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(sign, runner.cancel)
    watch = Watch(house.store, record.job_id)
    work = asyncio.create_task(runner.run(record, job))
    try:
        while not work.done():
            display.show(watch.look())
            await asyncio.wait([work], timeout=_LOOK_EVERY_S)
        display.show(watch.look())
    finally:
        display.stop()
    return await work
