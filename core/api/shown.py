"""Jobs as the calls show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core.jobs.answer import answer
from core.jobs.model import JobLine, JobRecord, JobState, ProgressRecord, SourceLine, SourceRecord, Totals
from core.jobs.store import JobStore
from core.payload.models import JOB_TYPES

MOST_SOURCES = 1_000


def moment(at: float | None) -> str | None:
    """Unix seconds as ISO 8601 in UTC."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def took(started: float | None, ended: float | None, now: float) -> float:
    """Seconds between two moments, or until now; 0 before the first."""
    return 0.0 if started is None else round(max(0.0, (now if ended is None else ended) - started), 3)


def answer_of(record: JobRecord, sources: Sequence[SourceRecord] | None = None) -> dict[str, Any]:
    """A job's answer, with what callers of the executor find beside it.

    `sources` are given for a job that ended before anything ran, which has no answer of its own.
    """
    document = record.answer or answer(record, sources or (), record.state, record.ended_at or 0.0)
    return document | {"error": record.error, "metadata": _about(record)}


def status_of(store: JobStore, record: JobRecord, now: float) -> dict[str, Any]:
    """The job so far; see `models.JobStatus`."""
    shown = store.source_lines(record.job_id, limit=MOST_SOURCES)
    counters = store.progress_of(record.job_id, [line.seq for line in shown])
    line = store.line(record.job_id)
    totals = store.totals(record.job_id)
    answered = record.answer or {}
    return {
        "job_id": record.job_id,
        "workflow_id": record.workflow_id,
        "tenant_id": record.tenant_id,
        "status": record.state,
        "success": record.state is JobState.COMPLETED if record.state.ended else None,
        "cancel_requested": record.cancel_requested,
        "created_at": moment(record.created_at),
        "started_at": moment(record.started_at),
        "ended_at": moment(record.ended_at),
        "execution_time": took(record.started_at, record.ended_at, now),
        "error": record.error,
        "progress": {
            "sources": line.sources,
            "sources_ended": line.ended_sources,
        }
        | counters_of(totals),
        "sources": [_source(source, counters.get(source.seq)) for source in shown],
        "sources_truncated": line.sources > len(shown),
        "result": answered.get("result_data"),
        "metadata": _about(record),
    }


def entry_of(line: JobLine, now: float) -> dict[str, Any]:
    """A job in a list; see `models.JobEntry`."""
    return {
        "job_id": line.job_id,
        "job_type": JOB_TYPES[0],
        "workflow_id": line.workflow_id,
        "tenant_id": line.tenant_id,
        "status": line.state,
        "created_at": moment(line.created_at),
        "started_at": moment(line.started_at),
        "ended_at": moment(line.ended_at),
        "execution_time": took(line.started_at, line.ended_at, now),
        "sources": line.sources,
        "sources_processed": line.succeeded,
        "sources_failed": line.failed,
        "sources_skipped": line.skipped,
        "files_found": line.files,
        "total_size_bytes": line.bytes,
        "tables_found": line.tables,
        "columns_found": line.columns,
        "error": line.error,
    }


def counters_of(totals: Totals) -> dict[str, int]:
    """A job's counters over all its sources."""
    return {
        "listed": totals.listed,
        "to_read": totals.to_read,
        "read": totals.done,
        "failed": totals.failed,
        "bytes_read": totals.bytes_read,
        "requests": totals.requests,
        "tables": totals.tables,
    }


def _source(line: SourceLine, known: ProgressRecord | None) -> dict[str, Any]:
    return {
        "source_id": line.source_id,
        "status": line.state,
        "phase": known.phase if known and not line.state.ended else None,
        "attempts": line.attempts,
        "started_at": moment(line.started_at),
        "ended_at": moment(line.ended_at),
        "files_found": line.files,
        "total_size_bytes": line.bytes,
        "tables_found": line.tables,
        "columns_found": line.columns,
        "listed": known.listed if known else None,
        "to_read": known.to_read if known else None,
        "read": known.done if known else None,
        "failed": known.failed if known else None,
        "requests": known.requests if known else None,
        "error": line.error,
        "hint": line.hint,
    }


def _about(record: JobRecord) -> dict[str, Any]:
    return {
        "job_type": JOB_TYPES[0],
        "workflow_id": record.workflow_id,
        "tenant_id": record.tenant_id,
        "write_to_db": record.write_to_db,
        "started_at": moment(record.started_at),
        "completed_at": moment(record.ended_at),
    }
