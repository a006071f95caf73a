"""Calls about the server itself."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from core import __version__
from core.api.backend import Back, Backend
from core.api.bodies import MAX_BODY, any_value, text_of
from core.api.models import Check, Health, Info, Pong
from core.errors import NuvynError
from core.payload.models import JOB_TYPES, SOURCE_TYPES

router = APIRouter(tags=["server"])

SERVICE = "nuvyn-executor-api"
DESCRIPTION = "Finds out what is in data lakes and databases: tables, columns, types, rows."
_PATIENCE_S = 2.0


@router.get(
    "/health", response_model=Health, responses={503: {"model": Health, "description": "something is not well"}}
)
async def health(back: Back) -> JSONResponse:
    """Whether job store, mirror and a worker are well; needs no token."""
    checks = _jobs(back) | {"mirror": await _mirror(back)}
    good = all(check.ok for check in checks.values())
    found = Health(
        status="healthy" if good else "unhealthy",
        timestamp=_now(),
        version=__version__,
        service=SERVICE,
        checks=checks,
    )
    return JSONResponse(found.model_dump(), 200 if good else 503)


@router.get("/info", response_model=Info)
async def info(request: Request, back: Back) -> Info:
    """What this server is, and what it can."""
    calls = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, methods in request.app.openapi()["paths"].items()
        for method, operation in methods.items()
    }
    return Info(
        service=SERVICE,
        version=__version__,
        description=DESCRIPTION,
        endpoints=calls,
        job_types=list(JOB_TYPES),
        source_types=list(SOURCE_TYPES),
        catalog=back.settings.catalog,
        schema_name=back.settings.schema_name,
        limits={
            "body_bytes": MAX_BODY,
            "waiting_jobs": back.settings.api_max_waiting,
            "parallel_jobs": back.settings.parallel_jobs,
        },
    )


@router.post(
    "/ping",
    response_model=Pong,
    openapi_extra={"requestBody": {"required": False, "content": {"application/json": {"schema": {}}}}},
)
async def ping(request: Request) -> Pong:
    """Give back what was sent."""
    text = await text_of(request)
    received = await asyncio.to_thread(any_value, text) if text else None
    return Pong(pong=True, timestamp=_now(), received_data=received, message="Pong! The API answers")


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
async def metrics(back: Back) -> Response:
    """Everything for Prometheus."""
    return Response(await asyncio.to_thread(back.metrics.text), media_type=CONTENT_TYPE_LATEST)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


async def _mirror(back: Backend) -> Check:
    mirror = back.house.mirror
    if not mirror.exists():
        return Check(ok=True, message="not made yet: the first job makes it")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.to_thread(mirror.schema_columns)
    except TimeoutError:
        return Check(ok=True, message="busy: a worker writes")
    except NuvynError:
        return Check(ok=False, message="the mirror cannot be read; the server's log says why")
    return Check(ok=True, message="readable")


def _jobs(back: Backend) -> dict[str, Check]:
    """What the job store says of itself, and of the workers."""
    try:
        alive, (running, waiting) = back.store.workers.alive(), back.store.load()
    except sqlite3.Error as error:
        broken = Check(ok=False, message=f"the job store cannot be read: {type(error).__name__}")
        return {"store": broken, "worker": Check(ok=False, message="not known")}
    if alive:
        worker = Check(ok=True, message=f"{alive} alive")
    elif back.worker_fails:
        worker = Check(ok=False, message="none can start; the server's log says why")
    else:
        worker = Check(ok=True, message="one is being started" if waiting else "none: one is started when a job comes")
    return {"store": Check(ok=True, message=f"{running} running, {waiting} waiting"), "worker": worker}
