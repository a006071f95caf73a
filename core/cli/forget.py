"""`nuvyn forget`: take a source out of the mirror."""

from __future__ import annotations

import json

import click

from core.cli.context import json_option, open_house
from core.text import plural, safe


@click.command()
@click.argument("workflow")
@click.argument("source", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(workflow: str, source: str | None, yes: bool, as_json: bool) -> int:
    """Delete what the mirror holds of a source, or of all sources of a workflow.

    Neither the data nor what was synced to Databricks is touched; `nuvyn sync WORKFLOW --prune` then
    deletes it there too.
    """
    what = workflow if source is None else f"{workflow}/{source}"
    if not yes:
        click.confirm(f"Delete what the mirror holds of {safe(what)}?", abort=True, err=True)
    with open_house() as house:
        count = house.mirror.forget(workflow, source)
    click.echo(json.dumps({"forgotten": count}) if as_json else f"{plural(count, 'source')} forgotten")
    return 0
