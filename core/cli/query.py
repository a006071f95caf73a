"""`nuvyn query` and `nuvyn export`: SQL over the mirror, and the mirror as files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.cli.context import json_option, open_mirror, settings
from core.errors import UsageError
from core.mirror.results import FORMATS, format_of, rows_of, text_of, write_file, write_text
from core.mirror.saved import own_queries, saved_queries, saved_query
from core.text import plural, safe

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_PRINTED = 1_000


@click.command()
@click.argument("sql", required=False)
@click.option("--saved", metavar="NAME", help="A saved query instead of SQL; `--saved list` shows them.")
@click.option("--workflow", help="The workflow of a saved query.")
@click.option("--source", help="The source of a saved query.")
@click.option("-f", "--format", "form", type=click.Choice(["table", *FORMATS]), default=None)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here.")
@json_option
def query(
    sql: str | None,
    saved: str | None,
    workflow: str | None,
    source: str | None,
    form: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Ask the mirror in SQL: `-` reads standard input."""
    if saved == "list":
        for known in saved_queries(own_queries(settings().home)):
            click.echo(f"{safe(known.name):16} {safe(known.about)}")
        return
    if (sql is None) == (saved is None):
        raise UsageError("give either SQL or --saved NAME", hint="`nuvyn query --saved list` shows the saved ones")
    found = settings()
    text = sys.stdin.read() if sql == "-" else sql
    if saved is not None:
        chosen = saved_query(saved, own_queries(found.home))
        text = chosen.filled(workflow_id=workflow, source_id=source, catalog=found.catalog, schema=found.schema_name)
    form = "json" if as_json else form or (format_of(output) if output else "table")
    if form == "parquet" and output is None:
        raise UsageError("Parquet needs a file to go to", hint="add -o FILE")
    result = open_mirror(found).query(text or "")
    if form == "table":
        _print(result, output)
    elif output is not None:
        write_file(result, output, form)
    else:
        write_text(result, form, sys.stdout)
        sys.stdout.flush()


def _print(result: pa.Table, output: Path | None) -> None:
    table = Table(box=None, pad_edge=False)
    for name in result.column_names:
        table.add_column(Text(safe(name)), overflow="fold")
    for row in rows_of(result.slice(0, _MAX_PRINTED)):
        table.add_row(*(Text(safe(text_of(value))) for value in row))
    tty = output is None and sys.stdout.isatty()
    with _stream(output) as stream:
        console = Console(file=stream, width=None if tty else 10_000, soft_wrap=not tty)
        console.print(table)
    cut = f", the first {_MAX_PRINTED:,} shown" if len(result) > _MAX_PRINTED else ""
    click.echo(f"{plural(len(result), 'row')}{cut}", err=True)


@contextmanager
def _stream(output: Path | None) -> Iterator[IO[str]]:
    """The file to write to, or standard output."""
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        yield file


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--workflow", help="Only this workflow's rows.")
@click.option("-f", "--format", "form", type=click.Choice(FORMATS), default="parquet")
@json_option
def export(folder: Path, workflow: str | None, form: str, as_json: bool) -> None:
    """Write every table of the mirror to FOLDER."""
    written = open_mirror(settings()).export(folder, form, workflow)
    for path in [] if as_json else written:
        click.echo(f"wrote {path}")
    if as_json:
        click.echo(json.dumps([str(path) for path in written]))
