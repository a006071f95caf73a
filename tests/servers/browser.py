"""A headless Chromium, steered by its own protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.servers import npm
from tests.servers.run import CACHE, CannotStart, locked

VERSION = "153.0.0"

# Without these it looks for its maker's servers at every start.
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--force-device-scale-factor=1",
)
_NAMED = {"enter": ("Enter", 13, "\r"), "escape": ("Escape", 27, ""), "down": ("ArrowDown", 40, "")}
_NAMED |= {"tab": ("Tab", 9, ""), "right": ("ArrowRight", 39, ""), "f5": ("F5", 116, "")}
CONTROL = 2


def chromium() -> tuple[str, dict[str, str]]:
    """A Chromium and what its environment needs: the machine's, else one from npm that brings its libraries."""
    if own := next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None):
        return own, {}
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise CannotStart("there is no Chromium on this machine")
    package = npm.installed("@sparticuz/chromium", VERSION, "package.json").parent
    program, libraries = CACHE / f"chromium-{VERSION}" / "chromium", CACHE / f"chromium-{VERSION}" / "al2023" / "lib"
    with locked(CACHE / "chromium.lock"):
        if not program.exists() or not libraries.exists():
            script = f"import c from {json.dumps(str(package / 'build/index.js'))}; await c.executablePath();"
            # It unpacks into the folder for temporary files, and its libraries when it thinks that it needs them.
            env = os.environ | {"TMPDIR": str(program.parent), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
            done = subprocess.run([npm.node(), "--input-type=module", "-e", script], env=env, capture_output=True)
            if done.returncode:
                raise CannotStart(f"it could not be unpacked: {done.stderr.decode()[-400:]}")
    return str(program), {"LD_LIBRARY_PATH": str(libraries)}


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self.requested: list[str] = []
        self.drawn = ""
        """Everything that the app behind the page has drawn, its control sequences too."""
        self.closed = False
        self.problems: list[str] = []

    async def __call__(self, method: str, **parameters: Any) -> Any:
        """One command; events that come meanwhile are noted."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await asyncio.wait_for(self._socket.receive_json(), 30)
            if message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        given = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(given["request"]["url"])
            case "Network.webSocketCreated":
                self.requested.append(given["url"])
            case "Network.webSocketFrameReceived":
                data = given["response"]["payloadData"]
                if given["response"]["opcode"] == 2:
                    self.drawn += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", base64.b64decode(data).decode(errors="replace"))
            case "Network.webSocketClosed":
                self.closed = True
            case "Log.entryAdded":
                self.problems.append(given["entry"]["text"])

    async def open(self, url: str) -> None:
        await self("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """What a script comes to."""
        found = await self("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return found["result"].get("value")

    async def press(self, *keys: str) -> None:
        """Keys by name, or single characters."""
        for key in keys:
            held = CONTROL if key.startswith("ctrl+") else 0
            name = key.removeprefix("ctrl+")
            named, code, text = _NAMED.get(name, (name, ord(name.upper()[0]), "" if held else name))
            event = {"key": named, "windowsVirtualKeyCode": code, "modifiers": held}
            await self("Input.dispatchKeyEvent", type="keyDown", **event, **({"text": text} if text else {}))
            await self("Input.dispatchKeyEvent", type="keyUp", **event)

    async def picture(self) -> bytes:
        """The tab as PNG."""
        return base64.b64decode((await self("Page.captureScreenshot", format="png"))["data"])


class Browser:
    """Runs from `open_browser` to its end."""

    def __init__(self, session: aiohttp.ClientSession, address: str, downloads: Path) -> None:
        self._session, self._address = session, address
        self.downloads = downloads

    async def page(self, width: int = 1100, height: int = 640) -> Page:
        """A new tab of its own."""
        async with self._session.put(f"http://{self._address}/json/new?about:blank") as answer:
            url = (await answer.json(content_type=None))["webSocketDebuggerUrl"]
        page = Page(await self._session.ws_connect(url, max_msg_size=0))
        for domain in ("Page", "Network", "Log", "Runtime"):
            await page(f"{domain}.enable")
        await page("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        await page("Emulation.setFocusEmulationEnabled", enabled=True)
        await page("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads))
        return page


@contextlib.asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A browser with an empty profile. Raises `CannotStart` where there is none."""
    program, more = await asyncio.to_thread(chromium)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        downloads = Path(folder) / "downloads"
        downloads.mkdir()
        process = subprocess.Popen(  # noqa: ASYNC220 - its output is not read
            [program, *_QUIET, f"--user-data-dir={folder}/profile", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | more,
        )
        try:
            told = Path(folder) / "profile" / "DevToolsActivePort"
            async with asyncio.timeout(60):
                while not (told.exists() and told.read_text().count("\n")):
                    assert process.poll() is None, "the browser ended at its start"
                    await asyncio.sleep(0.05)
            port = told.read_text().splitlines()[0]
            async with aiohttp.ClientSession() as session:
                yield Browser(session, f"127.0.0.1:{port}", downloads)
        finally:
            process.terminate()
            process.wait()
