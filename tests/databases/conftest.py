"""What tests of databases share: the command on a home folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Nuvyn


@pytest.fixture
def nuvyn(tmp_path: Path) -> Nuvyn:
    home = tmp_path / "home"
    home.mkdir()
    return Nuvyn(home)
