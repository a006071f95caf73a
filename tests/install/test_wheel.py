"""The wheel, in an environment that has nothing else: it installs, and its demo runs outside of the checkout."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.command import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_what_is_in_them(built: Path) -> None:
    [wheel], [source] = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if "dist-info" not in name} == {"core", "nuvyn_tui"}
    assert {"core/mirror/schema.sql", "core/jobs/schema.sql"} <= set(names)
    assert {name for name in names if name.endswith(".tcss")}
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml", "core/__init__.py", "tests/conftest.py"} <= inside


def test_the_demo_runs_where_nothing_else_is_installed(built: Path, tmp_path: Path) -> None:
    place = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    scripts = place / ("Scripts" if sys.platform == "win32" else "bin")
    [wheel] = built.glob("*.whl")
    pip = [str(scripts / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True, timeout=280)
    home = {"HOME": str(tmp_path), "NUVYN_HOME": str(tmp_path / "home"), "PATH": str(scripts)}
    for arguments, said in (
        (("--version",), "nuvyn 0."),
        (("demo",), "completed in"),
        (("query", "--saved", "sources", "--workflow", "demo"), "source"),
        (("doctor", "--offline"), "is well"),
    ):
        done = subprocess.run(
            [str(scripts / "nuvyn"), *arguments], cwd=tmp_path, env=home, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0 and said in done.stdout, done.stdout + done.stderr
