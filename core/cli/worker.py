"""`nuvyn worker`: run queued jobs, and jobs whose worker died."""

from __future__ import annotations

import math

import click

from core import loops
from core.cli.context import House, open_house, quiet
from core.jobs.worker import Worker


@click.command()
@click.option("--once", is_flag=True, help="End when no job is left to run.")
@click.option("--idle", type=click.FloatRange(min=0), help="End when no job was there for this many seconds.")
def worker(once: bool, idle: float | None) -> int:
    """Run queued jobs until stopped. A job whose worker died is taken up where it stood."""
    with open_house() as house:
        _tell("worker started; ctrl+c stops it")
        loops.run(_work(house, 0.0 if once else math.inf if idle is None else idle))
    return 0


async def _work(house: House, idle_s: float) -> int:
    return await Worker(house.settings, house.store, house.mirror, _tell).work(idle_s=idle_s)


def _tell(line: str) -> None:
    if not quiet():
        click.echo(line, err=True)
