"""`nuvyn demo`: a small lake of our own and a run over it, no network needed."""

from __future__ import annotations

from pathlib import Path

import click

from core.cli.context import json_option, open_house, quiet
from core.cli.run import run_shown
from core.demo.prepare import prepare_demo
from core.jobs.requests import create
from core.jobs.store import this_owner
from core.payload.load import parse


@click.command()
@click.option("--lake", type=click.Path(file_okay=False, path_type=Path), help="Make the lake here.")
@click.option("--no-run", is_flag=True, help="Only make the lake and its payload.")
@json_option
def demo(lake: Path | None, no_run: bool, as_json: bool) -> int:
    """Make a small lake and run a payload of three sources on it.

    The lake has several formats, partitions, a column that appears later, and files that are
    broken or not what their name says.
    """
    with open_house() as house:
        path = prepare_demo(lake or house.settings.home / "demo-lake")
        if not as_json and not quiet():
            click.echo(f"lake: {path.parent}\npayload: {path}")
        if no_run:
            return 0
        job = parse(path.read_text()).job
        assert job is not None, "the demo's payload is valid"
        owner = this_owner()
        record = house.store.job(create(house.store, job, write_to_db=False, owner=owner))
        return run_shown(house, record, job, owner, as_json=as_json)
