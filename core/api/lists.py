"""Lists of jobs, and counts over them."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic.json_schema import SkipJsonSchema

from core.api.backend import Back
from core.api.models import JobList, JobStats
from core.api.shown import entry_of
from core.jobs.model import JobLine, JobState

router = APIRouter(tags=["jobs"])

_CURSOR = r"^(\d{1,12}\.\d{1,9}-job_[0-9A-Z]{26})?$"


@router.get("/jobs", response_model=JobList)
async def list_jobs(
    back: Back,
    status: JobState | SkipJsonSchema[None] = None,
    tenant_id: str | SkipJsonSchema[None] = None,
    workflow_id: str | SkipJsonSchema[None] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str, Query(pattern=_CURSOR, description="`next_cursor` of the page before")] = "",
) -> JSONResponse:
    """Jobs, newest first, a page at a time."""
    filters = {"state": status, "tenant_id": tenant_id, "workflow_id": workflow_id}
    found = back.store.page(**filters, before=_before(cursor), limit=limit + 1)
    page, now = found[:limit], time.time()
    return JSONResponse(
        {
            "total_jobs": back.store.count(**filters),
            "jobs": [entry_of(line, now) for line in page],
            "filters": {"status": status, "tenant_id": tenant_id, "workflow_id": workflow_id},
            "next_cursor": _cursor(page[-1]) if len(found) > limit else None,
        }
    )


@router.get("/jobs/stats", response_model=JobStats)
async def job_stats(back: Back) -> JobStats:
    """Counts over all jobs."""
    counts = await asyncio.to_thread(back.store.counts)
    by_status = {state.value: counts.jobs.get(state.value, 0) for state in JobState}
    done = by_status["completed"]
    ended = sum(by_status[state.value] for state in JobState if state.ended)
    return JobStats(
        total_jobs=sum(by_status.values()),
        active_jobs=by_status["running"],
        waiting_jobs=by_status["queued"],
        completed_jobs=done,
        failed_jobs=by_status["failed"],
        by_status=by_status,
        success_rate=round(100 * done / ended, 1) if ended else 0.0,
        average_execution_time_seconds=round(counts.seconds / counts.ended, 3) if counts.ended else 0.0,
        max_concurrent_jobs=back.settings.parallel_jobs,
        workers=back.store.workers.alive(),
    )


def _cursor(line: JobLine) -> str:
    """Where a page ends: when its last job was made, and that job."""
    return f"{line.created_at!r}-{line.job_id}"


def _before(cursor: str) -> tuple[float, str] | None:
    if not cursor:
        return None
    created_at, _, job_id = cursor.partition("-")
    return float(created_at), job_id
