"""`nuvyn inspect`: what one file or folder is, and the evidence for it. Nothing is kept."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from core import loops
from core.cli.completion import connection_names
from core.cli.context import json_option, settings
from core.inspection import Inspection, inspect, read_options
from core.payload.models import SOURCE_TYPES
from core.progress import Phase, Progress
from core.sources.place import Kind
from core.text import plural, safe, size

_LOOKS_A_SECOND = 5
_MAX_VARIANTS = 4


@click.command("inspect")
@click.argument("path")
@click.option(
    "-t",
    "--type",
    "source_type",
    type=click.Choice(SOURCE_TYPES, case_sensitive=False),
    default="auto",
    metavar="TYPE",
    help="A kind of place, or the one format to read (as `data_source_type`).",
)
@click.option("-c", "--connection", shell_complete=connection_names, help="A connection of the config file.")
@click.option("--exact", is_flag=True, help="Count the rows of text files by reading all of them.")
@click.option("--samples", type=click.IntRange(0, 100), default=0, help="Show so many values of each column.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Show so many tables at most.")
@json_option
def inspect_command(
    path: str, source_type: str, connection: str | None, exact: bool, samples: int, limit: int, as_json: bool
) -> int:
    """Show what PATH is thought to be, and why: format, dialect, rule, where the row count comes from.

    PATH is a file or a folder anywhere: local, s3://…, an Azure URL. Nothing is written.
    """
    named = settings().connection(connection) if connection else None
    read = read_options(source_type, "exact" if exact else "metadata", samples)
    progress = Progress()
    found = loops.run(_shown(inspect(path, source_type, named, read, progress), progress))
    if as_json:
        click.echo(json.dumps(_document(found), default=str))
        return _status(found)
    for line in _lines(found, limit):
        click.echo(line)
    return _status(found)


def _status(found: Inspection) -> int:
    """1 when what was named could not be read at all."""
    counts = found.extraction.counts
    return int(bool(counts["failed"]) and not counts["read"])


async def _shown(work: Any, progress: Progress) -> Inspection:
    """Run it, and on a terminal say meanwhile how far it is."""
    task = asyncio.ensure_future(work)
    live = sys.stderr.isatty()
    while not task.done():
        await asyncio.wait([task], timeout=1 / _LOOKS_A_SECOND)
        if live:
            click.echo(f"\r\x1b[K{_how_far(progress)}", nl=False, err=True)
    if live:
        click.echo("\r\x1b[K", nl=False, err=True)
    found: Inspection = task.result()
    return found


def _how_far(progress: Progress) -> str:
    if progress.phase is Phase.LISTING:
        return f"listing: {plural(progress.listed, 'object')}"
    if progress.phase is Phase.READING and progress.to_read:
        return f"reading: {progress.done:,} of {progress.to_read:,}, {size(progress.bytes_read)}"
    return progress.phase.value


def _document(found: Inspection) -> dict[str, Any]:
    done = found.extraction
    return {
        "path": found.location,
        "kind": found.kind,
        "listed": done.listed,
        "counts": done.counts,
        "ignored": done.ignored,
        "requests": done.requests,
        "warnings": list(done.warnings),
        "tables": [
            table | {"properties": _properties(table), "columns": found.columns.get(table["table_name"], [])}
            for table in found.tables
        ],
        "files": found.files,
    }


def _lines(found: Inspection, limit: int) -> list[str]:
    done = found.extraction
    counts = ", ".join(f"{count:,} {name}" for name, count in done.counts.items() if count)
    requests = ", ".join(f"{count:,} {name}" for name, count in done.requests.items() if count)
    in_database = found.kind == Kind.DATABASE
    held = f"{plural(done.listed, 'object')}: {counts or 'nothing'}"
    if in_database:
        held = f"{plural(done.tables_found, 'table')}, {plural(done.columns_found, 'column')}"
    lines = [f"{safe(found.location)}  ({found.kind})", f"  {held}"]
    if done.ignored:
        lines.append(f"  ignored: {', '.join(f'{count:,} {safe(reason)}' for reason, count in done.ignored.items())}")
    lines.append(f"  requests: {requests or 'none'}")
    lines += [f"  warning: {safe(text)}" for text in done.warnings]
    lines += [f"  failed: {safe(key)}: {safe(reason)}" for key, reason in done.failures]
    unknown = [file["file_path"] for file in found.files if file["status"] == "unknown"]
    if unknown:
        lines.append(f"  of no known format: {safe(', '.join(unknown[:5]))}{' …' if len(unknown) > 5 else ''}")
    for table in found.tables[:limit]:
        lines += ["", *_table_lines(table, found.columns.get(table["table_name"], []), in_database)]
    if len(found.tables) > limit:
        lines += ["", f"and {len(found.tables) - limit:,} more tables: --limit shows more, --json all"]
    return lines


def _table_lines(table: dict[str, Any], columns: Sequence[dict[str, Any]], in_database: bool) -> list[str]:
    source = table["row_count_source"]
    rows = "not known" if table["row_count"] is None else f"{table['row_count']:,} ({source})"
    parts = table["file_count"]
    facts = {
        "kind": f"{table['grouping']} of {table['file_type']}" if in_database else "",
        "size": size(table["size_bytes"]) if in_database and table["size_bytes"] else "",
        "parts": f"{parts:,}" if in_database and parts else "",
        "format": "" if in_database else table["file_type"],
        "made of": "" if in_database else f"{plural(parts, 'file')}, {size(table['size_bytes'])}: {table['grouping']}",
        "rows": rows,
        "partitions": ", ".join(table["partition_columns"]),
        "comment": table["comment"] or "",
        **_properties(table),
    }
    width = max(len(name) for name, value in facts.items() if value)
    lines = [safe(table["table_name"])]
    lines += [f"  {safe(name):{width}}  {safe(value)}" for name, value in facts.items() if value]
    lines += [f"  warning: {safe(text)}" for text in table["warnings"]]
    names = max((len(safe(column["column_name"])) for column in columns), default=0)
    types = max((len(column["data_type"]) for column in columns), default=0)
    return lines + [_column_line(column, min(names, 30), min(types, 30)) for column in columns]


def _column_line(column: dict[str, Any], names: int, types: int) -> str:
    notes = [column["type_source"]]
    if not column["is_nullable"]:
        notes.append("not null")
    if column["is_partition"]:
        notes.append("partition")
    if column["is_primary_key"]:
        notes.append("key")
    if column["native_type"]:
        notes.append(safe(column["native_type"]))
    if column["type_variants"]:
        notes.append(f"seen as {', '.join(column['type_variants'][:_MAX_VARIANTS])}")
    if column["sample_values"]:
        notes.append(f"like {', '.join(map(repr, column['sample_values']))}")
    if column["comment"]:
        notes.append(column["comment"])
    return f"    {safe(column['column_name']):{names}}  {column['data_type']:{types}}  {safe('; '.join(notes))}"


def _properties(table: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = json.loads(table["properties"] or "{}")
    return found
