"""The errors that the docs explain are those that the program tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.command import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
HEADINGS = re.findall(r"^### (.+)$", PAGE.read_text(), re.MULTILINE)
TEXTS = [text for heading in HEADINGS for text in re.findall(r"`([^`]+)`", heading)]


@cache
def told() -> tuple[str, ...]:
    """Every text in the code that is no docstring; what is filled in is `…`."""
    files = [path for folder in ("core", "nuvyn_tui") for path in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(text for path in files for text in _texts(path))


def _texts(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def _pieces(text: str) -> list[str]:
    """What of a heading is the same each time."""
    return [piece.strip(" `") for piece in text.split("…") if len(piece.strip(" `:,()")) > 1]


@pytest.mark.parametrize("text", TEXTS)
def test_an_error_of_the_page_is_told_by_the_program(text: str) -> None:
    pieces = _pieces(text)
    assert pieces and max(map(len, pieces)) >= 7, "nothing to look for"
    for piece in pieces:
        assert any(piece in known for known in told()), f"no text of the program has: {piece}"


def test_each_heading_of_an_error_has_its_text() -> None:
    assert len(HEADINGS) > 30
    for heading in HEADINGS:
        assert re.fullmatch(r"`[^`]+`(?: · `[^`]+`)*", heading), heading
