"""What the pages on how nuvyn is built name is there: files, folders, and names in a file."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.command import ROOT

DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
DECISIONS = DOCS / "decisions"
PAGES = (ARCHITECTURE, *sorted(DECISIONS.glob("*.md")))
_FOLDERS = ("core/", "nuvyn_tui/", "tests/", "docs/", "bench/", "sample_payloads/", "executor/")
_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


def named(page: Path) -> list[str]:
    """What stands in backquotes and looks like a path of this repository, `path::name` too."""
    return [text for text in _CODE.findall(_FENCE.sub("", page.read_text())) if text.startswith(_FOLDERS)]


def names_in(path: Path) -> set[str]:
    """Functions, classes and variables of a module; what a class has as `Class.name`."""
    tree = ast.parse(path.read_text())
    found = {name for node in tree.body for name in _defined(node)}
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return found | {f"{each.name}.{name}" for each in classes for node in each.body for name in _defined(node)}


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    gone = []
    for text in named(page):
        place, _, name = text.partition("::")
        path = ROOT / place
        there = path.is_dir() if place.endswith("/") else path.is_file()
        if not there or (name and name not in names_in(path)):
            gone.append(text)
    assert gone == []


def test_the_pages_name_much() -> None:
    assert len(named(ARCHITECTURE)) > 100
    assert all(named(page) for page in PAGES if page.name != "index.md")


def test_what_is_not_there_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`core/gone.py`, `core/text.py::safe`\n```\n`core/drawn.py`\n```\n`nuvyn run`, `pyproject.toml`\n")
    assert named(page) == ["core/gone.py", "core/text.py::safe"]
    found = names_in(ROOT / "core/jobs/model.py")
    assert {"JOB_MOVES", "JobState", "JobLine.can_retry", "new_job_id"} <= found
    assert "gone" not in found


def test_every_package_is_in_the_table() -> None:
    table = ARCHITECTURE.read_text().partition("## What each part is for")[2].partition("\n## ")[0]
    packages = [path.parent for root in ("core", "nuvyn_tui") for path in (ROOT / root).glob("*/__init__.py")]
    assert len(packages) > 10
    lacking = [str(path.relative_to(ROOT)) for path in packages if f"`{path.relative_to(ROOT)}/`" not in table]
    assert lacking == []


def test_every_decision_is_in_the_index() -> None:
    linked = re.findall(r"\]\(([\w-]+\.md)\)", (DECISIONS / "index.md").read_text())
    assert sorted(linked) == sorted(page.name for page in DECISIONS.glob("*.md") if page.name != "index.md")
