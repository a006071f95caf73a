"""Lists of jobs, and counts over them."""

from __future__ import annotations

import base64
import binascii
import json
import math
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from core.api.backend import Backend, backend
from core.api.errors import ApiError
from core.api.models import JobList, JobStats
from core.api.shown import entry_of
from core.jobs.model import JobLine, JobState

router = APIRouter(tags=["jobs"])

Back = Annotated[Backend, Depends(backend)]


@router.get("/jobs", response_model=JobList)
async def list_jobs(
    back: Back,
    status: JobState | None = None,
    tenant_id: str | None = None,
    workflow_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before")] = None,
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
    counts = back.store.counts()
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
    return base64.urlsafe_b64encode(json.dumps([line.created_at, line.job_id]).encode()).decode()


def _before(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    try:
        created_at, job_id = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if isinstance(created_at, float) and math.isfinite(created_at) and isinstance(job_id, str):
            return created_at, job_id
    except (ValueError, TypeError, binascii.Error):
        pass
    raise ApiError(400, "this cursor is none of this server's", "begin without one", path="cursor")
