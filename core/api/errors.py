"""Errors as every call answers them: `{"error", "status": "error", "errors": [{path, message, hint}]}`."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.api.models import ProblemEntry
from core.databricks.target import NotConfigured
from core.errors import JobError, NuvynError, SourceError, StoreError, UsageError
from core.payload.check import WORKFLOW_REQUIRED
from core.payload.models import Job
from core.payload.problems import Checked, Problem
from core.secrets import mask

_log = logging.getLogger(__name__)

MISSING_WORKFLOW = "Missing required field: workflow_id"
"""What callers of the executor look for; elsewhere the same fault is worded for people."""

TOO_LONG = ("the body is larger than 10 MB", "name fewer sources, in several jobs of the same workflow")

_REASONS = {
    404: ("there is nothing at this address", "GET /docs lists the calls"),
    405: ("this address does not take this method", "GET /docs lists the calls"),
    413: TOO_LONG,
}


class ApiError(Exception):
    """An answer with a status of 400 or above."""

    def __init__(
        self,
        status: int,
        message: str,
        hint: str = "",
        *,
        path: str = "",
        problems: Sequence[Problem] = (),
        warnings: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.problems = tuple(problems) or (Problem(path, message, hint),)
        self.warnings = tuple(warnings)

    def response(self) -> JSONResponse:
        """The answer itself."""
        found = [entry.model_dump() for entry in entries(self.problems)]
        document: dict[str, Any] = {"error": found[0]["message"], "status": "error", "errors": found}
        if self.warnings:
            document["warnings"] = [entry.model_dump() for entry in entries(self.warnings)]
        headers = {"Retry-After": "5"} if self.status == 503 else self.headers
        return JSONResponse(document, self.status, headers)


def entries(problems: Iterable[Problem]) -> list[ProblemEntry]:
    """Problems as answers list them."""
    return [ProblemEntry(path=mask(p.path), message=_worded(mask(p.message)), hint=mask(p.hint)) for p in problems]


def refused(problems: Sequence[Problem]) -> ApiError:
    """The answer to a payload with errors; all of them are in it, and its warnings too."""
    errors = [problem for problem in problems if problem.severity == "error"]
    warnings = [problem for problem in problems if problem.severity == "warning"]
    return ApiError(400, errors[0].message, problems=errors, warnings=warnings)


def accepted(checked: Checked) -> Job:
    """The job of a checked payload; raises `refused` when it has errors."""
    if checked.job is None:
        raise refused(checked.problems)
    return checked.job


def add_handlers(app: FastAPI) -> None:
    """Make every exception of a call an answer of the one shape."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(NuvynError, _designed)
    app.add_exception_handler(sqlite3.Error, _store)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _worded(message: str) -> str:
    return MISSING_WORKFLOW if message == WORKFLOW_REQUIRED else message


async def _api_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return error.response()


async def _designed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NuvynError)
    return ApiError(_status(error), error.message, error.hint).response()


def _status(error: NuvynError) -> int:
    if isinstance(error, StoreError):
        return 503
    # A job that is not in that state, a key of another payload, no warehouse: not the request is wrong.
    if isinstance(error, JobError | NotConfigured):
        return 409
    return 400 if isinstance(error, SourceError | UsageError) else 503


async def _store(request: Request, error: Exception) -> JSONResponse:
    return ApiError(503, f"the job store cannot be read: {error}", "send it again later").response()


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Parameters and bodies that FastAPI refuses; the contract's code for that is 400."""
    assert isinstance(error, RequestValidationError)
    problems = [
        Problem(".".join(str(part) for part in fault["loc"][1:]), str(fault["msg"]), "GET /docs shows what it takes")
        for fault in error.errors()
    ]
    return ApiError(400, problems[0].message, problems=problems).response()


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message, hint = _REASONS.get(error.status_code, (str(error.detail), ""))
    return ApiError(error.status_code, message, hint, headers=error.headers).response()


def unexpected(error: Exception) -> ApiError:
    """The answer to a fault of the server itself, which goes to its log."""
    _log.error("unexpected error", exc_info=error)
    text = f"unexpected {type(error).__name__}: {error}"
    return ApiError(500, text, "logs/nuvyn.log in the server's home folder has the details")
