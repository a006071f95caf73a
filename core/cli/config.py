"""`nuvyn config`: the settings, and where each came from."""

from __future__ import annotations

import json

import click

from core.cli.context import json_option, settings
from core.errors import UsageError
from core.settings import Settings
from core.text import safe


@click.group()
def config() -> None:
    """Show the settings."""


@config.command()
@json_option
def show(as_json: bool) -> None:
    """Every setting with its value and where that came from."""
    found = settings()
    rows = [{"name": n, "value": str(v), "origin": found.origin(n)} for n, v in found.shown().items()]
    rows.append({"name": "databricks", "value": _databricks(found), "origin": "see docs/databricks.md"})
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        click.echo(f"{row['name']:{width}}  {safe(row['value'])}  ({row['origin']})")


def _databricks(found: Settings) -> str:
    """Where sync would go, or why it can't."""
    from core.databricks.target import NotConfigured, target_of

    try:
        target = target_of(found)
    except NotConfigured:
        return "not configured"
    except UsageError as error:
        return f"wrong: {error}"
    return f"{target.place} on {target.host}{target.http_path}, {target.login}"
