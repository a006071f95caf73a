"""Home folders for the app: an empty one, and one in which the demo has run."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from core.house import House
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
from tests.command import Nuvyn


def open_house(home: Path) -> House:
    """A home folder, opened as the app does."""
    return House(load_settings(home=str(home), environ={}))


@pytest.fixture(autouse=True)
def short_lived_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that the app starts end soon after their last job."""
    monkeypatch.setattr("core.jobs.background.WORKER_IDLE_S", 0.5)


async def until(pilot: Pilot[Any], holds: Callable[[], bool], *, within_s: float = 30) -> None:
    """Let the app run until something holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        await pilot.pause(0.02)


@pytest.fixture
def house(tmp_path: Path, bare_environment: None) -> Iterator[House]:
    """An empty home folder."""
    with open_house(tmp_path / "home") as found:
        yield found


@pytest.fixture
def app(house: House) -> NuvynApp:
    """The app on an empty home folder."""
    return NuvynApp(house)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder in which the demo has run; copy it before changing it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    home.mkdir()
    done = Nuvyn(home)("demo")
    assert done.code in (0, 3), done
    return home


@pytest.fixture
def demo_house(demo_home: Path, tmp_path: Path, bare_environment: None) -> Iterator[House]:
    """A copy of the demo's home folder."""
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    with open_house(home) as found:
        yield found


@pytest.fixture
def demo_app(demo_house: House) -> NuvynApp:
    """The app on a home folder in which the demo has run."""
    return NuvynApp(demo_house)
