"""The answer of a run: the document that existing callers expect, built from the job store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.jobs.model import JobRecord, JobState, SourceRecord, SourceState

MAX_FILES = 1_000
"""Entries of `files` (and of `tables`) in the document; all of them are in the mirror."""


def answer(job: JobRecord, sources: Sequence[SourceRecord], state: JobState, ended_at: float) -> dict[str, Any]:
    """The whole document; `execution_time` in seconds."""
    states = [source.state for source in sources]
    document: dict[str, Any] = {
        "job_id": job.job_id,
        "status": state.value,
        "success": state is JobState.COMPLETED,
        "execution_time": round(ended_at - (job.started_at or ended_at), 3),
        "result_data": {
            "workflow_id": job.workflow_id,
            "tenant_id": job.tenant_id,
            "total_sources": len(sources),
            "sources_processed": states.count(SourceState.SUCCESS),
            "sources_failed": states.count(SourceState.FAILED),
            "sources_skipped": states.count(SourceState.SKIPPED),
            "sources": [source_answer(source) for source in sources],
        },
    }
    if "job_metadata" in job.payload:
        document["result_data"]["job_metadata"] = job.payload["job_metadata"]
    return document


def source_answer(source: SourceRecord) -> dict[str, Any]:
    """One source's entry: its result when it has one, and what became of it."""
    entry: dict[str, Any] = {"source_id": source.source_id, "status": source.state.value, "attempts": source.attempts}
    entry |= {k: v for k, v in (source.result or {}).items() if k not in entry}
    if source.error is not None:
        entry["error"] = {"message": source.error, "hint": source.hint or ""}
    return entry


def listed_files(files: Path | None) -> list[dict[str, Any]]:
    """The first files of a stage for the document, ignored ones left out."""
    if files is None:
        return []
    import pyarrow.parquet as pq

    wanted = ["file_path", "size_bytes", "file_type", "table_name", "row_count", "status", "error"]
    found: list[dict[str, Any]] = []
    for batch in pq.ParquetFile(files).iter_batches(batch_size=MAX_FILES, columns=wanted):
        for row in batch.to_pylist():
            if row["status"] == "ignored":
                continue
            if len(found) == MAX_FILES:
                return found
            path = row.pop("file_path")
            found.append({"path": path} | row)
    return found


def listed_tables(tables: Path | None) -> list[dict[str, Any]]:
    """The first tables of a stage for the document."""
    if tables is None:
        return []
    import pyarrow.parquet as pq

    wanted = ["table_name", "file_type", "row_count", "row_count_source", "column_count", "file_count", "warnings"]
    rows: list[dict[str, Any]] = pq.read_table(tables, columns=wanted).slice(0, MAX_FILES).to_pylist()
    return rows
