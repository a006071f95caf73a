"""`nuvyn demo`: a small lake of our own and a run over it, no network needed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click

from core.cli.context import json_option, open_house
from core.cli.run import create, run_shown
from core.demo.lake import make_lake
from core.errors import UsageError
from core.jobs.store import this_owner
from core.payload.load import check

_MARK = ".nuvyn-demo"


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
        folder = (lake or house.settings.home / "demo-lake").absolute()
        if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
            raise UsageError(f"{folder} is not empty and not a demo lake", hint="name another folder with --lake")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / _MARK).touch()
        payload = make_lake(folder)
        path = folder / "payload.json"
        path.write_text(json.dumps(payload, indent=2) + "\n")
        if not as_json:
            click.echo(f"lake: {folder}\npayload: {path}")
        if no_run:
            return 0
        job = check(payload).job
        assert job is not None, "the demo's payload is valid"
        owner = this_owner()
        record = house.store.job(create(house, job, write_to_db=False, owner=owner))
        return run_shown(house, record, job, owner, as_json=as_json)
