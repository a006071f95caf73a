"""Home folders for the app: an empty one, and one in which the demo has run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.house import House
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
from tests.command import Nuvyn


def open_house(home: Path) -> House:
    """A home folder, opened as the app does."""
    return House(load_settings(home=str(home), environ={}))


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
