"""What an operator does in the terminal app, by keys; called in a process that may be killed meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from core.house import House
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.build import BuildScreen
from nuvyn_tui.screens.run import RunScreen
from nuvyn_tui.widgets.grid import Grid
from tests.tui.conftest import until


def run_payload(home: str) -> None:
    """Load the home's payload in Build, run it, and leave the app once the job is there."""
    asyncio.run(_in_app(home, _run_payload))


def retry_newest(home: str) -> None:
    """Retry the newest job in Jobs, and leave the app once it waits again."""
    asyncio.run(_in_app(home, _retry_newest))


async def _in_app(home: str, act: Callable[[Pilot[Any], House], Any]) -> None:
    with House(load_settings(home=home, environ={})) as house:
        app = NuvynApp(house)
        # No worker: the test says what takes the job up.
        app.bridge.house.store.workers.seen("elsewhere:1:0")
        async with app.run_test(size=(100, 30)) as pilot:
            await act(pilot, house)


async def _run_payload(pilot: Pilot[Any], house: House) -> None:
    jobs = len(house.store.overview())
    await pilot.press("2")
    screen = pilot.app.screen
    assert isinstance(screen, BuildScreen)
    screen.load(json.loads(Path(house.settings.home / "payload.json").read_text()), "the test")
    await pilot.pause()
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen) and len(house.store.overview()) == jobs + 1)


async def _retry_newest(pilot: Pilot[Any], house: House) -> None:
    await until(pilot, lambda: bool(pilot.app.screen.query_one(Grid).rows))
    await pilot.press("t")
    await until(pilot, lambda: not house.store.overview()[0].state.ended)
