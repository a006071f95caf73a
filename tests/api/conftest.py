"""One server for the tests of a module, on a home folder with a small lake that callers may name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import Nuvyn
from tests.servers.api import Api


def lake(folder: Path, sources: int = 3) -> Path:
    """Folders `s0`, `s1` … with a CSV file each."""
    for at in range(sources):
        (folder / f"s{at}").mkdir(parents=True)
        (folder / f"s{at}" / "orders.csv").write_text("id,total\n1,2.5\n2,3.5\n")
    return folder


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that callers may name."""
    return lake(tmp_path_factory.mktemp("opened"))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, opened: Path) -> Iterator[Api]:
    with Api(Nuvyn(tmp_path_factory.mktemp("home")), ("--root", str(opened))) as found:
        yield found
