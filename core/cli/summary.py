"""What a job found, as text: each source with its files, tables and columns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from core.errors import MirrorError
from core.jobs.model import JobRecord, SourceRecord, SourceState
from core.mirror.mirror import Mirror
from core.mirror.session import literal
from core.text import plural, safe, size, span

_MAX_TABLES = 25
_MAX_COLUMNS = 40

ACCEPT = "--accept-shrink"


def print_summary(job: JobRecord, sources: Sequence[SourceRecord], mirror: Mirror) -> None:
    """Print every source of a job; tables and columns come from the mirror."""
    for source in sources:
        click.echo()
        _source(job, source, mirror)
    ended = job.ended_at or time.time()
    took = span(ended - (job.started_at or ended))
    click.echo(f"\n{job.job_id} {job.state} in {took}")
    if any(source.state is SourceState.SUCCESS for source in sources):
        workflow = safe(job.workflow_id)
        click.echo(f"next: nuvyn query --saved source-columns --workflow {workflow} --source SOURCE_ID")
    if any((source.result or {}).get("metadata", {}).get("counts", {}).get("failed") for source in sources):
        click.echo(f"next: nuvyn query --saved failures --workflow {safe(job.workflow_id)}")
    if any(source.state is SourceState.FAILED for source in sources):
        # What its hint asks for; without it the source fails the same way again.
        accept = next((f" {ACCEPT}" for source in sources if ACCEPT in (source.hint or "")), "")
        click.echo(f"next: nuvyn retry {job.job_id}{accept}")


def _source(job: JobRecord, source: SourceRecord, mirror: Mirror) -> None:
    result = source.result or {}
    shown = safe(str(result.get("source_path", "")))
    click.echo(f"{safe(source.source_id)}  {source.state}  {shown}")
    if source.error:
        click.echo(f"  {'error' if source.state is SourceState.FAILED else 'warning'}: {safe(source.error)}")
    if source.hint:
        click.echo(f"  hint: {safe(source.hint)}")
    if source.state is not SourceState.SUCCESS:
        return
    meta = result.get("metadata", {})
    counts = ", ".join(f"{n:,} {name}" for name, n in meta.get("counts", {}).items() if n)
    is_database = result.get("source_type") == "database"
    files = "" if is_database else f"{plural(meta['files_found'], 'file')}, "
    found = f"{plural(meta['tables_found'], 'table')}, {plural(meta['columns_found'], 'column')}"
    click.echo(f"  {files}{size(meta['total_size_bytes'])}, {found}")
    if not is_database:
        click.echo(f"  {meta['listed']:,} listed: {counts or 'nothing'}")
    for warning in result.get("warnings", []):
        click.echo(f"  warning: {safe(warning)}")
    try:
        tables = _tables(mirror, job.workflow_id, source.source_id)
    except MirrorError as error:
        click.echo(f"  {safe(str(error))}")
        return
    for table in tables[:_MAX_TABLES]:
        rows = "rows unknown" if table["row_count"] is None else plural(table["row_count"], "row")
        about = "about " if table["row_count_source"] == "estimated" else ""
        files = f"{plural(table['file_count'], 'file')}, " if table["file_count"] else ""
        made_of = f"{table['file_type']}, {files}{about}{rows}"
        click.echo(f"  {safe(table['table_name'])}  ({made_of})")
        columns = table["columns"] or []
        names = ", ".join(f"{safe(c['name'])} {safe(c['type'])}" for c in columns[:_MAX_COLUMNS])
        more = f", and {len(columns) - _MAX_COLUMNS} more" if len(columns) > _MAX_COLUMNS else ""
        click.echo(f"    {names}{more}" if columns else "    no columns known")
        for warning in table["warnings"] or []:
            click.echo(f"    warning: {safe(warning)}")
    if len(tables) > _MAX_TABLES:
        click.echo(f"  and {len(tables) - _MAX_TABLES} more tables")


def _tables(mirror: Mirror, workflow_id: str, source_id: str) -> list[dict[str, Any]]:
    """A source's tables, each with its columns in order."""
    who = f"t.workflow_id = {literal(workflow_id)} AND t.source_id = {literal(source_id)}"
    found = mirror.query(
        "SELECT t.table_name, any_value(t.file_type) AS file_type, any_value(t.file_count) AS file_count,"
        " any_value(t.row_count) AS row_count, any_value(t.row_count_source) AS row_count_source,"
        " any_value(t.warnings) AS warnings,"
        " list({'name': c.column_name, 'type': c.data_type} ORDER BY c.position)"
        " FILTER (c.column_name IS NOT NULL) AS columns"
        " FROM tables t LEFT JOIN columns c USING (workflow_id, source_id, table_name)"
        f" WHERE {who} GROUP BY t.table_name ORDER BY t.table_name"
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows
