"""Who may call: the token, which web pages, and what a body may be. Before anything else sees a request."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.bodies import MAX_BODY
from core.api.errors import TOO_LONG, ApiError, unexpected
from core.secrets import passing_secrets

OPEN = frozenset({"/health", "/docs", "/openapi.json"})
"""What needs no token: it tells nothing of any job."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})

Observe = Callable[[Scope, int, float], None]
"""Takes the scope of an answered call, its status, and its seconds."""


class Gate:
    """ASGI middleware. Without a token only this machine is let in, by names that are this machine's own.

    That keeps a web page of another site from calling through a browser here, also when it makes its name
    mean 127.0.0.1.
    """

    def __init__(
        self, app: ASGIApp, *, token: str | None, origins: Sequence[str], hosts: Sequence[str], observe: Observe
    ) -> None:
        self._app = app
        self._token = token.encode() if token else None
        self._origins = frozenset(origin.rstrip("/") for origin in origins)
        self._hosts = _LOCAL | {host.lower() for host in hosts}
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise HTTPException(413)
            return message

        try:
            headers = Headers(scope=scope)
            problem = self._stranger(headers, scope) or _unread(headers)
            if problem is None:
                with passing_secrets():
                    await self._answer(scope, limited, noted)
            else:
                await problem.response()(scope, receive, noted)
        finally:
            self._observe(scope, status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application; a fault of it is told here, where the secrets of this call are still hidden."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:
            answer = unexpected(error).response()
            if not begun:
                await answer(scope, receive, send)

    def _stranger(self, headers: Headers, scope: Scope) -> ApiError | None:
        host = headers.get("host", "")
        origin = headers.get("origin")
        if origin and origin not in self._origins and origin.partition("://")[2] != host:
            return ApiError(
                403,
                f"web pages of {origin[:200]} may not call this server",
                "the setting api_origins names those that may",
            )
        if self._token is None:
            if _name(host) not in self._hosts:
                return ApiError(
                    403,
                    f"this server is not {host[:200]}",
                    "call it as localhost, or set NUVYN_API_TOKEN to let other names in",
                )
            return None
        if scope["path"] in OPEN or scope["path"].startswith("/docs/"):
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token):
            return None
        what = "the token is not the server's" if given else "this call needs the server's token"
        return ApiError(
            401, what, "send the header `Authorization: Bearer TOKEN`", headers={"WWW-Authenticate": "Bearer"}
        )


def _unread(headers: Headers) -> ApiError | None:
    """A body that says it is too long, or no JSON; one that does not say what it is is taken for JSON."""
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY:
        return ApiError(413, *TOO_LONG)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = length != "0" or "transfer-encoding" in headers
    if not kind or not has_body or kind == "application/json" or kind.endswith("+json"):
        return None
    return ApiError(415, f"the body is {kind[:100]}, not JSON", "send the header `Content-Type: application/json`")


def _name(host: str) -> str:
    """A `Host` header without its port."""
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() and name else host).lower()
