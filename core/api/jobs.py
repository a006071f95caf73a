"""The calls of a job's life: create, wait, look, cancel, retry."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from core.api.backend import Back, Backend
from core.api.bodies import PayloadIn, json_body, payload_of
from core.api.errors import ApiError, accepted, entries
from core.api.models import Cancelled, Created, JobStatus, Result, Retried
from core.api.shown import answer_of, status_of
from core.jobs.model import JobRecord, JobState, SourceState
from core.jobs.requests import lost_secrets, stored_job

router = APIRouter(tags=["jobs"])

_KEY = r"^[\x21-\x7e]{0,255}$"
_EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}, "id": {"type": "string"}},
}


@router.post("/jobs/create", response_model=Created, openapi_extra=json_body(PayloadIn))
async def create_job(
    request: Request,
    back: Back,
    idempotency_key: Annotated[str, Header(pattern=_KEY, description="the same key makes the same job once")] = "",
) -> JSONResponse:
    """Make a job of a payload. It is on disk when this answers, and starts at once."""
    checked = await payload_of(request, back.settings)
    job_id, new = await asyncio.to_thread(back.submit, accepted(checked), idempotency_key or None)
    back.hurry()
    made = Created(
        job_id=job_id,
        status="created",
        message="Job created successfully" if new else "This key made the job before",
        warnings=entries(checked.warnings),
    )
    return JSONResponse(made.model_dump(), headers={} if new else {"Idempotent-Replayed": "true"})


@router.post("/jobs/{job_id}/execute", response_model=Result)
async def execute_job(job_id: str, request: Request, back: Back) -> Response:
    """Wait for a job's end and give its answer. A caller who leaves does not stop the job."""
    if not _job(back, job_id).state.ended:
        # Only later events: it is the end that is waited for.
        async with aclosing(back.feeds.listen(job_id, back.store.newest_event(job_id))) as waiting:
            async for _ in waiting:
                if await request.is_disconnected():
                    return Response(status_code=204)
    return _result(back, job_id)


@router.get("/jobs/{job_id}/status", response_model=JobStatus)
async def job_status(job_id: str, back: Back) -> JSONResponse:
    """The job so far, with its sources; the first 1,000 of them."""
    return JSONResponse(status_of(back.store, _job(back, job_id), time.time()))


@router.get("/jobs/{job_id}/result", response_model=Result)
async def job_result(job_id: str, back: Back) -> Response:
    """A job's answer; 404 while there is none."""
    return _result(back, job_id)


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": _EVENT}}, "description": "server-sent events"},
        204: {"description": "the job has ended, and nothing is later than `Last-Event-ID`: do not come again"},
    },
)
async def job_events(
    job_id: str,
    back: Back,
    last_event_id: Annotated[int, Header(ge=0, lt=1 << 63, description="the id of the last event that arrived")] = 0,
) -> Response:
    """What happens in a job, as it happens; closed at the job's end. docs/http-api.md lists the events."""
    record = _job(back, job_id)
    if record.state.ended and back.store.newest_event(job_id) <= last_event_id:
        return Response(status_code=204)
    return StreamingResponse(
        back.feeds.listen(job_id, last_event_id),
        media_type="text/event-stream",
        # Proxies would otherwise hold events back until they have enough of them.
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


@router.delete("/jobs/{job_id}/cancel", response_model=Cancelled)
async def cancel_job(job_id: str, back: Back) -> Cancelled:
    """Cancel a job; what its sources have stored stays. 409 when it has ended."""
    _job(back, job_id)
    state = await asyncio.to_thread(back.store.request_cancel, job_id)
    now = state is JobState.CANCELLED
    text = "Job cancelled" if now else "Cancel was asked for; its worker stops it"
    return Cancelled(job_id=job_id, cancelled=True, status=state, message=text)


@router.post("/jobs/{job_id}/retry", response_model=Retried)
async def retry_job(job_id: str, back: Back) -> Retried:
    """Run again what of an ended job failed or was cancelled. 409 when there is nothing to do again."""
    record = _job(back, job_id)
    if back.store.rules(job_id) is None:
        # It would be run by the operator's rights.
        raise ApiError(403, f"job {job_id} is the operator's", f"nuvyn retry {job_id}, on the server")
    await asyncio.to_thread(_check_secrets, back, record)
    again = await asyncio.to_thread(back.store.requeue, job_id)
    back.hurry()
    return Retried(job_id=job_id, status=JobState.QUEUED, message="Job queued again", sources=again)


def _job(back: Backend, job_id: str) -> JobRecord:
    """A job by its whole id; raises `ApiError` (404) when there is none."""
    record = back.store.job_of(job_id)
    if record is None:
        raise ApiError(404, f"no job is called {job_id[:100]}", "GET /jobs lists them")
    return record


def _result(back: Backend, job_id: str) -> Response:
    record = _job(back, job_id)
    if record.answer is None:
        if record.state is JobState.CANCELLED:
            sources = back.store.sources(job_id)
            return JSONResponse(answer_of(record, sources))
        raise ApiError(404, f"job {job_id} has no result yet: it is {record.state}", "ask again when it has ended")
    return JSONResponse(answer_of(record))


def _check_secrets(back: Backend, record: JobRecord) -> None:
    """What the caller sent along is not stored, so it cannot be sent again."""
    states = (SourceState.FAILED, SourceState.CANCELLED)
    again = {line.source_id for line in back.store.source_lines(record.job_id, states=states)}
    if lost := lost_secrets(stored_job(back.settings, record), again):
        raise ApiError(409, f"the secret of {lost[0]} was not stored", "create the job again with its whole payload")
