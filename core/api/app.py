"""The application: its calls, its documentation, and what stands before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import swagger_ui_bundle
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles

from core import __version__
from core.api import jobs, lists, schema, service, sources
from core.api.backend import Backend
from core.api.bodies import SourceIn
from core.api.errors import add_handlers
from core.api.gate import OPEN, Gate
from core.api.models import ErrorAnswer, ProblemEntry
from core.house import House

_TITLE = "nuvyn"
_ABOUT = (
    service.DESCRIPTION + ' Every error is `{error, status: "error", errors: [{path, message, hint}]}`.'
    " With `NUVYN_API_TOKEN` set, calls need `Authorization: Bearer TOKEN`."
)
_CODES = {
    "400": "something in the request is wrong; every problem is listed",
    "401": "the token is missing or wrong",
    "403": "a web page, or a name of this machine, that is not let in; or a job of the operator",
    "404": "there is no such job, or no answer of it yet",
    "405": "this address does not take this method",
    "409": "the job's state does not allow it, or the key made another job",
    "413": "the body is larger than 10 MB",
    "415": "the body is not JSON",
    "503": "the server cannot take it now; `Retry-After` says when to come again",
}


def make_app(
    house: House, *, token: str | None = None, hosts: tuple[str, ...] = (), origins: tuple[str, ...] = ()
) -> FastAPI:
    """The application on an opened home folder; see `Gate` for the rest."""
    back = Backend(house)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with back.running():
            yield

    app = _App(
        title=_TITLE,
        version=__version__,
        description=_ABOUT,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.backend = back
    add_handlers(app)
    # Before `/jobs/{job_id}/…`, so that `stats` is no job.
    for router in (lists.router, jobs.router, sources.router, schema.router, service.router):
        app.include_router(router)
    _add_docs(app)
    app.add_middleware(Gate, token=token, origins=origins, hosts=hosts, observe=back.metrics.observe)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Idempotent-Replayed", "Retry-After"],
        )
    return app


class _App(FastAPI):
    """Describes itself as this server answers."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _described(super().openapi())
        return self.openapi_schema


def _operation_id(route: APIRoute) -> str:
    return route.name


def _add_docs(app: FastAPI) -> None:
    """Swagger UI from the package that is installed, so that it works without the internet."""
    files = Path(swagger_ui_bundle.__file__).parent / "vendor"
    [folder] = files.glob("swagger-ui-*")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=f"{_TITLE} {__version__}",
            swagger_js_url="/docs/files/swagger-ui-bundle.js",
            swagger_css_url="/docs/files/swagger-ui.css",
            swagger_favicon_url="/docs/files/favicon-32x32.png",
        )

    app.mount("/docs/files", StaticFiles(directory=folder), name="docs")


def _described(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document as this server answers: its errors, its token, and no 422."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (ErrorAnswer, ProblemEntry, SourceIn):
        found = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found.pop("$defs", None)
        schemas[model.__name__] = found
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            answers.pop("422", None)
            for code in _codes(path, method, operation):
                answers.setdefault(code, {"description": _CODES[code], "content": error})
            if path in OPEN:
                operation["security"] = []
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"token": []}]
    return document


def _codes(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    found = ["400", "403", "405"] + ([] if path in OPEN else ["401"])
    if "requestBody" in operation:
        found += ["413", "415"]
    if "{job_id}" in path:
        found.append("404")
    if path.endswith(("/create", "/cancel", "/retry", "/schema/validate")):
        found.append("409")
    if method != "get" and path in ("/jobs/create", "/datasources/test", "/schema/validate", "/schema/create"):
        found.append("503")
    return found
