"""`nuvyn web`: the app in a browser."""

from __future__ import annotations

import click

from core.cli.context import settings
from core.errors import UsageError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; others need NUVYN_API_TOKEN.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.pass_context
def web(ctx: click.Context, host: str, port: int) -> int:
    """Serve the terminal app to browsers until stopped; each window is an app of its own."""
    serve = ctx.find_root().obj.get("web")
    if serve is None:
        raise UsageError("this command has no app to serve", hint="call it as `nuvyn web`")
    status: int = serve(settings(), host, port)
    return status
