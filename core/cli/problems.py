"""A payload's problems as people and programs read them."""

from __future__ import annotations

import json
import os
import sys

import click

from core.cli.context import settings
from core.jobs.requests import anchored
from core.payload.load import parse, read_payload
from core.payload.models import Job
from core.payload.problems import Checked, PayloadRefused
from core.text import safe


def read_checked(source: str | None, *, as_json: bool = False) -> Job:
    """Read and check a payload; its warnings go to standard error.

    Raises:
        PayloadRefused: it has errors; all of them have been shown.
        UsageError: there is no payload to read.
    """
    text, where = read_payload(source, sys.stdin, os.environ)
    checked = parse(text, where=where, defaults=settings().options)
    return accept(checked, as_json=as_json)


def accept(checked: Checked, *, as_json: bool = False) -> Job:
    """The job of a checked payload; shows its problems, and raises as `read_checked` does."""
    if checked.job is None:
        if as_json:
            click.echo(json.dumps(refusal(checked)))
        show_problems(checked)
        raise PayloadShown(checked.problems)
    show_problems(checked)
    return anchored(checked.job, settings())


class PayloadShown(PayloadRefused):
    """A refused payload whose problems have been shown already."""

    shown = True


def refusal(checked: Checked) -> dict[str, object]:
    """The refusal of a payload as a document."""
    errors = [problem for problem in checked.problems if problem.severity == "error"]
    entries = [{"path": p.path, "message": p.message, "hint": p.hint} for p in checked.problems]
    return {
        "error": errors[0].message if errors else "",
        "status": "failed",
        "success": False,
        "errors": [e for e, p in zip(entries, checked.problems, strict=True) if p.severity == "error"],
        "warnings": [e for e, p in zip(entries, checked.problems, strict=True) if p.severity == "warning"],
    }


def show_problems(checked: Checked) -> None:
    """Every problem on standard error, each with its place and hint."""
    for problem in checked.problems:
        place = f"{safe(problem.path)}: " if problem.path else ""
        click.echo(f"{problem.severity}: {place}{safe(problem.message)}", err=True)
        if problem.hint:
            click.echo(f"  hint: {safe(problem.hint)}", err=True)
