"""`nuvyn worker`: run queued jobs, and jobs whose worker died."""

from __future__ import annotations

import asyncio

import click

from core.cli.context import House, open_house
from core.jobs.worker import Worker


@click.command()
@click.option("--once", is_flag=True, help="End when no job is left to run.")
def worker(once: bool) -> int:
    """Run queued jobs until stopped. A job whose worker died is taken up where it stood."""
    with open_house() as house:
        click.echo("worker started; ctrl+c stops it", err=True)
        asyncio.run(_work(house, once))
    return 0


async def _work(house: House, once: bool) -> int:
    def tell(line: str) -> None:
        click.echo(line, err=True)

    return await Worker(house.settings, house.store, house.mirror, tell).work(until_idle=once)
