"""`nuvyn serve`: the HTTP API."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from core.cli.context import House, json_option, settings
from core.logs import start_log
from core.sources.local_paths import absolute


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; others need NUVYN_API_TOKEN.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.option("--root", "roots", multiple=True, metavar="FOLDER", help="A folder that callers may name; repeat it.")
@click.option("--connection", "connections", multiple=True, metavar="NAME", help="A connection that callers may name.")
@click.option("--allow-host", "hosts", multiple=True, metavar="HOST", help="A private host or network they may name.")
@click.option("--origin", "origins", multiple=True, metavar="URL", help="A web page's origin that may call.")
@json_option
def serve(
    host: str,
    port: int,
    roots: tuple[str, ...],
    connections: tuple[str, ...],
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    as_json: bool,
) -> int:
    """Serve the HTTP API until stopped. Jobs are run by a worker, and go on without the server."""
    from core.api.serve import serve as answer

    found = settings()
    found = replace(
        found,
        api_roots=(*found.api_roots, *map(absolute, roots)),
        api_connections=(*found.api_connections, *connections),
        api_hosts=(*found.api_hosts, *hosts),
        api_origins=(*found.api_origins, *origins),
    )

    def started(url: str) -> None:
        if as_json:
            click.echo(json.dumps({"url": url, "docs": f"{url}/docs"}))
        click.echo(f"listening on {url} (the calls: {url}/docs); ctrl+c stops it", err=True)

    with House(found) as house:
        start_log(found)
        answer(house, host, port, started)
    return 0
