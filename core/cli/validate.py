"""`nuvyn validate`: every problem of a payload, nothing run."""

from __future__ import annotations

import json
import os
import sys

import click

from core.cli.context import json_option, settings
from core.cli.problems import refusal, show_problems
from core.payload.load import parse, read_payload
from core.payload.places import with_places
from core.text import plural


@click.command()
@click.argument("payload", required=False)
@json_option
def validate(payload: str | None, as_json: bool) -> int:
    """Check a payload without running it. Exit status 0 when it would run, 2 when not."""
    text, where = read_payload(payload, sys.stdin, os.environ)
    checked = with_places(parse(text, where=where, defaults=settings().options), settings())
    if as_json:
        document = refusal(checked)
        click.echo(json.dumps({"valid": checked.job is not None} | {k: document[k] for k in ("errors", "warnings")}))
    else:
        show_problems(checked)
        if checked.job is not None:
            click.echo(f"valid: workflow {checked.job.workflow_id}, {plural(len(checked.job.sources), 'source')}")
    return 0 if checked.job is not None else 2
