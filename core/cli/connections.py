"""`nuvyn connections`: what the config names, and whether it can be reached."""

from __future__ import annotations

import asyncio
import json

import click

from core.cli.completion import connection_names
from core.cli.context import json_option, settings
from core.errors import UsageError
from core.probe import probe
from core.text import plural, safe


@click.group()
def connections() -> None:
    """List and test the connections of the config file."""


@connections.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the connections by name; no secret is shown."""
    found = settings()
    rows = [{"name": name, "kind": found.connections[name].get("kind")} for name in sorted(found.connections)]
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo(f"no connections in {found.config_file}: nuvyn init writes one")
    for row in [] if as_json else rows:
        click.echo(f"{safe(str(row['name']))}  {row['kind'] or ''}")


@connections.command()
@click.argument("name", shell_complete=connection_names)
@click.argument("path", required=False)
@json_option
def test(name: str, path: str | None, as_json: bool) -> int:
    """Try to list PATH with connection NAME (default: the connection's own `url`)."""
    found = settings()
    connection = found.connection(name)
    path = path or connection.url
    if not path:
        raise UsageError(f"connection {name} names no place of its own", hint=f"nuvyn connections test {name} PATH")
    found_there = asyncio.run(probe(path, connection=connection))
    where, count = found_there.location, found_there.count
    if as_json:
        click.echo(json.dumps({"name": name, "path": where, "reachable": True, "objects_seen": count}))
    elif found_there.kind == "database":
        click.echo(f"{safe(where)} can be read: {plural(count, 'table')}, views included")
    else:
        click.echo(f"{safe(where)} can be listed: {plural(count, 'object')} on the first page")
    return 0
