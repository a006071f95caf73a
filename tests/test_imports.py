"""What gets imported: front ends stay light, and the core knows no screen."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from tests.command import ROOT


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*{{m.partition('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.split())


def test_importing_the_core_brings_in_neither_a_screen_nor_a_database() -> None:
    assert not loaded_by("import core") & {"textual", "duckdb", "pyarrow", "click"}


def test_no_module_of_the_core_needs_a_screen() -> None:
    everything = (
        "import core, importlib, pkgutil\n"
        "for m in pkgutil.walk_packages(core.__path__, 'core.'): importlib.import_module(m.name)"
    )
    assert not loaded_by(everything) & {"textual", "nuvyn_tui", "duckdb"}


def test_the_version_is_told_at_once() -> None:
    """Within 150 ms of CPU, median of ten."""
    spent = []
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-m", "core.cli.main", "--version"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert statistics.median(spent) < 0.150


def test_reading_brings_in_no_pandas_and_leaves_it_to_others() -> None:
    read = "from core.loops import run\nimport asyncio\nrun(asyncio.sleep(0))\nimport pyarrow as pa\npa.array(['a'])"
    assert "pandas" not in loaded_by(read)
    assert "pandas" in loaded_by(f"{read}\nimport pandas")
