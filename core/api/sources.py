"""Calls about payloads and sources: is a payload right, can a source be reached, what kinds there are."""

from __future__ import annotations

import asyncio
import importlib.util
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request

from core.api.backend import Back, Backend
from core.api.bodies import ANYTHING, TestIn, json_body, object_field, object_of, payload_of, text_field
from core.api.errors import ApiError, entries
from core.api.kinds import KINDS
from core.api.models import SourceType, SourceTypes, Tested, Validated
from core.callers import reach, refusals
from core.connections import Connection
from core.errors import Fault, NuvynError, SourceError
from core.payload.check import check
from core.payload.models import SOURCE_TYPES
from core.probe import Probe, probe_reached
from core.secrets import mask, mask_url, register_tree
from core.sources.guard import Refused

router = APIRouter(tags=["sources"])

_CREDENTIALS = {
    "account_name": "account",
    "account": "account",
    "account_key": "account_key",
    "sas_token": "sas_token",
    "connection_string": "connection_string",
    "access_key_id": "access_key_id",
    "aws_access_key_id": "access_key_id",
    "secret_access_key": "secret_access_key",
    "aws_secret_access_key": "secret_access_key",
    "session_token": "session_token",
    "region": "region",
    "endpoint_url": "endpoint_url",
    "password": "password",
}
"""What `credentials` may hold, and the field of a connection that it is."""

_OF_DATABASE = ("type", "host", "port", "username", "user", "database")


@router.post("/payloads/validate", response_model=Validated, openapi_extra=ANYTHING)
async def validate_payload(request: Request, back: Back) -> Validated:
    """Every error and warning of a payload, those of access too; nothing is run, and nothing connected to."""
    checked = await payload_of(request, back.settings)
    errors = list(checked.errors)
    if checked.job is not None:
        errors += await asyncio.to_thread(refusals, checked.job, back.settings, back.rules)
    job = checked.job
    return Validated(
        valid=not errors,
        workflow_id=job.workflow_id if job else None,
        sources=len(job.sources) if job else 0,
        errors=entries(errors),
        warnings=entries(checked.warnings),
    )


@router.post("/datasources/test", response_model=Tested, openapi_extra=json_body(TestIn))
async def test_source(request: Request, back: Back) -> Tested:
    """Can this source be listed, with these credentials. It takes half a minute at most."""
    given = await object_of(request)
    path, source_type, connection = _asked(given)
    path, own = _with_credentials(path, source_type, object_field(given, "credentials"))
    try:
        found = await back.in_pool(back.probes, _try, back, path, source_type, connection, own)
    except Refused as error:
        raise ApiError(400, error.message, error.hint, path=error.field) from None
    except NuvynError as error:
        return _failed(path, source_type, error)
    return Tested(
        success=True,
        source_type=found.kind,
        connection_status="connected",
        path=found.location,
        objects_seen=found.count,
        more=found.more,
        first=list(found.keys),
        requests=found.requests,
        seconds=round(found.seconds, 3),
        error=None,
        hint=None,
        fault=None,
    )


@router.get("/datasources/types", response_model=SourceTypes)
async def source_types(back: Back) -> SourceTypes:
    """The kinds of sources, with the credentials each takes, and the connections that callers may name."""
    found = {
        kind.name: SourceType(
            source_type=kind.name,
            description=kind.about,
            paths=list(kind.paths),
            required_credentials=list(kind.credentials),
            installed=all(importlib.util.find_spec(package) is not None for package in kind.packages),
            extra=kind.extra,
        )
        for kind in KINDS
    }
    return SourceTypes(
        supported_types=list(SOURCE_TYPES), type_info=found, connections=sorted(back.settings.api_connections)
    )


def _asked(given: dict[str, Any]) -> tuple[str, str, str | None]:
    """Path, type and connection of what is to be tried; the type judged as in a payload."""
    path = text_field(given, "data_source_path", "path") or ""
    source_type = (text_field(given, "data_source_type", "source_type") or "auto").lower()
    connection = text_field(given, "connection")
    login = object_field(given, "credentials")
    if not path and not text_field(login, "host"):
        raise ApiError(400, "Missing required field: data_source_path", "say where to look", path="data_source_path")
    for name in ("data_source_type", "source_type"):
        checked = check({"workflow_id": "test", "data_source_path": "-", "data_source_type": given.get(name)})
        if checked.job is None:
            problem = checked.errors[0]
            raise ApiError(400, problem.message, problem.hint, path=name)
    return path, source_type, connection


def _with_credentials(path: str, source_type: str, login: dict[str, Any]) -> tuple[str, Connection | None]:
    """What a caller's credentials make of the path, and the connection that they are."""
    if not login:
        return path, None
    for name in login:
        if name not in (*_CREDENTIALS, *_OF_DATABASE):
            known = ", ".join((*_CREDENTIALS, *_OF_DATABASE))
            raise ApiError(400, f"credentials: {name} is not known", f"known: {known}", path=f"credentials.{name}")
    words = {name: _port(value) if name == "port" else text_field(login, name) for name, value in login.items()}
    register_tree(words)
    if words.get("host"):
        kind = words.get("type") or (source_type if source_type not in ("auto", "database") else "postgresql")
        user = quote(words.get("username") or words.get("user") or "", safe="")
        secret = f":{quote(words['password'] or '', safe='')}" if words.get("password") else ""
        port = f":{words['port']}" if words.get("port") else ""
        return f"{kind}://{user}{secret}@{words['host']}{port}/{words.get('database') or ''}", None
    fields: dict[str, Any] = {field: words[name] for name, field in _CREDENTIALS.items() if words.get(name)}
    return path, replace(Connection("given"), **fields)


def _port(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value).strip() if isinstance(value, int | str) else ""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise ApiError(400, "credentials: port is no number from 1 to 65535", "leave it out", path="credentials.port")
    return text


def _try(back: Backend, path: str, source_type: str, connection: str | None, own: Connection | None) -> Probe:
    """In a thread, with an event loop of its own: a source that blocks, blocks nobody else."""
    reached = reach(path, source_type, connection, back.settings, back.rules, own=own)
    if reached.guard is not None and reached.host is not None:
        try:
            reached.guard.resolve(reached.host, None)
        except OSError as error:
            raise SourceError(
                Fault.UNAVAILABLE, f"{reached.host} has no address: {error.strerror}", hint="check its spelling"
            ) from None
    return asyncio.run(probe_reached(reached))


def _failed(path: str, source_type: str, error: NuvynError) -> Tested:
    return Tested(
        success=False,
        source_type=source_type,
        connection_status="failed",
        path=mask_url(path),
        objects_seen=0,
        more=False,
        first=[],
        requests=0,
        seconds=0.0,
        error=mask(error.message),
        hint=mask(error.hint),
        fault=error.fault.value if isinstance(error, SourceError) else None,
    )
