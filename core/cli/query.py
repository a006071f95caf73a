"""`nuvyn query` and `nuvyn export`: SQL over the mirror, and the mirror as files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core.cli.context import json_option, open_mirror, settings
from core.errors import UsageError
from core.mirror.saved import saved_queries, saved_query
from core.text import plural, safe

if TYPE_CHECKING:
    import pyarrow as pa

_MAX_PRINTED = 1_000


@click.command()
@click.argument("sql", required=False)
@click.option("--saved", metavar="NAME", help="A saved query instead of SQL; `--saved list` shows them.")
@click.option("--workflow", help="The workflow of a saved query.")
@click.option("--source", help="The source of a saved query.")
@click.option("-f", "--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default=None)
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
    """Ask the mirror in SQL: `-` reads standard input.

    \b
    Examples:
      nuvyn query "SELECT table_name, row_count FROM tables"
      nuvyn query --saved sources --workflow demo
      nuvyn query "SELECT * FROM columns" -f parquet -o columns.parquet
    """
    if saved == "list":
        for known in saved_queries():
            click.echo(f"{known.name:16} {known.about}")
        return
    if (sql is None) == (saved is None):
        raise UsageError("give either SQL or --saved NAME", hint="`nuvyn query --saved list` shows the saved ones")
    found = settings()
    text = sys.stdin.read() if sql == "-" else sql
    if saved is not None:
        text = _with_names(
            saved_query(saved).filled(workflow_id=workflow, source_id=source), found.catalog, found.schema_name
        )
    form = "json" if as_json else form or (output.suffix.lstrip(".") if output else "table")
    if form not in ("table", "csv", "json", "parquet"):
        raise UsageError(f"no such output format: {form}", hint="choose table, csv, json or parquet with --format")
    if form == "parquet" and output is None:
        raise UsageError("Parquet needs a file to go to", hint="add -o FILE")
    result = open_mirror(found).query(text or "")
    if form == "table":
        _print(result, output)
    elif form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(result, output, compression="zstd")
    else:
        _write(result, form, output)


def _with_names(sql: str, catalog: str, schema: str) -> str:
    return sql.replace("hive_metastore._executor_metadata", f'"{catalog}"."{schema}"')


def _print(result: pa.Table, output: Path | None) -> None:
    table = Table(box=None, pad_edge=False)
    for name in result.column_names:
        table.add_column(Text(safe(name)), overflow="fold")
    for row in result.slice(0, _MAX_PRINTED).to_pylist():
        table.add_row(*(Text("" if value is None else safe(_cell(value))) for value in row.values()))
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


def _cell(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _plain(value: Any) -> Any:
    """What JSON has no word for: whole decimals (DuckDB's integer sums) as numbers, the rest as text."""
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole else str(value)


def _write(result: pa.Table, form: str, output: Path | None) -> None:
    import csv

    with _stream(output) as stream:
        if form == "csv":
            writer = csv.writer(stream)
            writer.writerow(result.column_names)
            for batch in result.to_batches(max_chunksize=10_000):
                for row in batch.to_pylist():
                    writer.writerow("" if value is None else _cell(value) for value in row.values())
            return
        stream.write("[")
        first = True
        for batch in result.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                stream.write(("\n" if first else ",\n") + json.dumps(row, default=_plain, ensure_ascii=False))
                first = False
        stream.write("\n]\n")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--workflow", help="Only this workflow's rows.")
@click.option("-f", "--format", "form", type=click.Choice(["csv", "json", "parquet"]), default="parquet")
@json_option
def export(folder: Path, workflow: str | None, form: str, as_json: bool) -> None:
    """Write every table of the mirror to FOLDER."""
    written = open_mirror(settings()).export(folder, form, workflow)
    for path in [] if as_json else written:
        click.echo(f"wrote {path}")
    if as_json:
        click.echo(json.dumps([str(path) for path in written]))
