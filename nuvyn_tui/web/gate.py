"""Who may open the app in a browser: who knows the token, or who sits at this machine."""

from __future__ import annotations

import hashlib
import hmac

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_COOKIE = "nuvyn"
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
)

_LOGIN = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>nuvyn</title><style>
body { background: #0c181f; color: #e0e0e0; font: 16px monospace; display: grid; place-items: center; height: 90vh }
input, button { font: inherit; padding: 8px; background: #12232d; color: inherit; border: 1px solid #4a6a7d }
</style></head><body><form method="post" action="/login">
<p>nuvyn asks for the token of this server (NUVYN_API_TOKEN).</p>
<p><input type="password" name="token" aria-label="token" autofocus autocomplete="current-password">
<button>Open</button></p><p role="alert">MESSAGE</p></form></body></html>
"""


class Gate:
    """Lets a browser in by a cookie that the token gave it; without a token only by this machine's own names.

    A page of another site can open a socket to any server, but not hide that it is another site's.
    """

    def __init__(self, token: str | None, host: str) -> None:
        self._token = token
        self._hosts = _LOCAL | {host.lower()}
        # The cookie is not the token: whoever reads it off a disk cannot call the API with it.
        self._pass = hmac.new(token.encode(), b"nuvyn web", hashlib.sha256).hexdigest() if token else ""

    def middleware(self) -> Middleware:
        """As aiohttp takes it."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            answer = self._turned_away(request) or await handler(request)
            if not answer.prepared:
                answer.headers["Content-Security-Policy"] = _POLICY
                answer.headers["X-Content-Type-Options"] = "nosniff"
                answer.headers["Referrer-Policy"] = "no-referrer"
            return answer

        return check

    async def login(self, request: web.Request) -> web.StreamResponse:
        """Take the token of the form, and give the cookie for it."""
        given = str((await request.post()).get("token", "")).strip()
        if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
            return _page("This is not the server's token.")
        answer = web.Response(status=303, headers={"Location": "/"})
        answer.set_cookie(_COOKIE, self._pass, httponly=True, samesite="Strict", secure=_is_secure(request))
        return answer

    def _turned_away(self, request: web.Request) -> web.Response | None:
        origin = request.headers.get("Origin")
        if origin and origin.partition("://")[2] != request.host:
            return web.Response(status=403, text="This page is of another site.")
        if self._token is None:
            name, _, port = request.host.rpartition(":")
            if (name if port.isdigit() and name else request.host).lower() in self._hosts:
                return None
            return web.Response(status=403, text="Open it as localhost, or set NUVYN_API_TOKEN.")
        if request.path == "/login" and request.method == "POST":
            return None
        if hmac.compare_digest(request.cookies.get(_COOKIE, "").encode(), self._pass.encode()):
            return None
        return _page("") if request.path == "/" else web.Response(status=401, text="This needs the server's token.")


def _is_secure(request: web.Request) -> bool:
    return request.secure or request.headers.get("X-Forwarded-Proto") == "https"


def _page(message: str) -> web.Response:
    return web.Response(status=401, text=_LOGIN.replace("MESSAGE", message), content_type="text/html")
