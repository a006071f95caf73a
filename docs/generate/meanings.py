"""What the code has names and types of but no words for, from `meanings.toml`: settings, connections, columns."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("meanings.toml")


class Unexplained(ValueError):
    """The file and the code differ in the names that they have."""


def meanings(section: str, names: Iterable[str]) -> Mapping[str, str]:
    """The meaning of each of these names, from a section.

    Raises:
        Unexplained: one has none, or there is one that the code does not have: pages hold all that there is, and
            nothing else.
    """
    found, wanted = listed(section), set(names)
    if wanted != set(found):
        lacks, surplus = sorted(wanted - set(found)), sorted(set(found) - wanted)
        raise Unexplained(f"{_FILE.name}, [{section}]: lacks {lacks}; the code does not have {surplus}")
    return found


def listed(section: str) -> dict[str, str]:
    """All that a section has."""
    found = _read()
    for part in section.split("."):
        found = found.get(part, {})
    return {name: text for name, text in found.items() if isinstance(text, str)}


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
