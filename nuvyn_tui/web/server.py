"""`nuvyn web`: a process of the app for each browser window, all on one home folder."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from textual_serve.server import Server

from core.listening import address_of, listen, token_of
from core.settings import Settings
from nuvyn_tui.web.gate import Gate

_SOURCE = Path(__file__).parents[2]


class AppServer(Server):
    """textual-serve behind a gate, with a page of our own that asks no other server for anything."""

    def __init__(self, settings: Settings, url: str, gate: Gate) -> None:
        command = [sys.executable, "-m", "nuvyn_tui.web.page", str(settings.home)]
        # `exec`, since a shell takes the command: the app is to be our own child, and ends with us.
        super().__init__(
            f"exec {shlex.join(command)}", title="nuvyn", public_url=url, templates_path=Path(__file__).parent
        )
        self._gate = gate

    async def make_app(self) -> web.Application:
        """The pages and the socket."""
        app = web.Application(middlewares=[self._gate.middleware()])
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path), autoescape=True)
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.post("/login", self._gate.login),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.get("/download/{key}", self.handle_download, name="download"),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        return app

    @aiohttp_jinja2.template("index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page; its socket is wherever the browser found the page, also behind a proxy."""
        secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        size = request.query.get("fontsize", "")
        return {
            "socket": f"{'wss' if secure else 'ws'}://{request.host}/ws",
            "font_size": int(size) if size.isdigit() and len(size) < 3 else 16,
        }


def serve_web(settings: Settings, host: str, port: int) -> int:
    """Serve the app until stopped.

    Raises:
        UsageError: it cannot listen there; see `core.listening`.
    """
    token = token_of(os.environ)
    paths = [str(_SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    settings.prepare()
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    with listen(host, port, token) as listening:
        url = address_of(listening)
        server = AppServer(settings, url, Gate(token, host))
        sys.stderr.write(f"open {url} in a browser; ctrl+c stops it\n")
        sys.stderr.flush()
        web.run_app(server.make_app(), sock=listening, print=None, shutdown_timeout=2)
    return 0
