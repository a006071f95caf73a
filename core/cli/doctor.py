"""`nuvyn doctor` and `nuvyn repair`: what is well, what is not, and mending it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from core.cli.context import json_option, open_mirror, settings
from core.doctor.findings import Finding, Level, ok, warning
from core.doctor.home import check_home
from core.doctor.mirror import check_mirror
from core.doctor.program import check_program
from core.doctor.store import check_store
from core.secrets import mask
from core.settings import Settings
from core.text import plural, safe

_WIDTH = 18


@click.command()
@click.option("--offline", is_flag=True, help="Ask no server: neither connections nor the warehouse.")
@json_option
def doctor(offline: bool, as_json: bool) -> int:
    """Look at the program, the home folder and all that is configured; exit status 1 when something is broken.

    Nothing is changed, and nothing secret is told: the report can be shown to others.
    """
    found = []
    for finding in _checks(settings(), offline=offline):
        found.append(finding)
        if not as_json:
            _print(finding)
    bad = [finding for finding in found if finding.level is Level.BROKEN]
    if as_json:
        click.echo(json.dumps({"well": not bad, "findings": [asdict(finding) for finding in found]}))
    else:
        doubts = sum(finding.level is Level.WARNING for finding in found)
        well = f"nothing is broken, {plural(doubts, 'warning')}" if doubts else "all is well"
        click.echo(f"{plural(len(bad), 'thing')} to mend" if bad else well)
    return 1 if bad else 0


def _checks(found: Settings, *, offline: bool) -> Iterator[Finding]:
    yield from check_program()
    yield _terminal()
    yield from check_home(found)
    yield from check_store(found.jobs)
    yield from check_mirror(open_mirror(found))
    if not offline:
        from core.doctor.reach import check_connections, check_databricks

        yield from check_connections(found)
        yield from check_databricks(found)


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return ok("terminal", "none: this goes to a file or a program")
    width, height = shutil.get_terminal_size()
    colours = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM") or "few colours"
    said = f"{os.environ.get('TERM', 'unknown')}, {width}x{height}, {colours}, {sys.stdout.encoding}"
    if sys.stdout.encoding.lower() not in ("utf-8", "utf8"):
        return warning("terminal", said, "set LANG to a locale with UTF-8: the app draws with its characters")
    if os.environ.get("TERM", "dumb") == "dumb":
        return warning("terminal", said, "the app needs a terminal that can move the cursor; set TERM")
    return ok("terminal", said)


def _print(finding: Finding) -> None:
    styles = {Level.OK: "green", Level.WARNING: "yellow", Level.BROKEN: "red", Level.OFF: "bright_black"}
    level = click.style(f"{finding.level.value:8}", fg=styles[finding.level])
    click.echo(f"{level} {finding.name:{_WIDTH}} {safe(mask(finding.text))}")
    if finding.hint and finding.level is not Level.OK:
        click.echo(f"{'':8} {'':{_WIDTH}} hint: {safe(mask(finding.hint))}")


@click.command()
@json_option
def repair(as_json: bool) -> int:
    """Mend a job store or a mirror that cannot be read. Nothing is deleted: broken files are kept beside the new ones.

    What can be read in them is taken over. What is lost of the mirror is queued to be read again; a payload that had
    secrets is named instead, since these are stored nowhere.
    """
    from core.doctor.repair import repair as mend

    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(mask(line))
        if not as_json:
            click.echo(safe(mask(line)))

    again = mend(settings(), tell)
    if as_json:
        click.echo(json.dumps({"done": lines, "again": [asdict(each) for each in again]}))
    elif any(each.job_id for each in again):
        click.echo("next: nuvyn worker --once")
    return 0
