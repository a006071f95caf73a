"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is. `off`: not there, and nothing needs it so far."""

    OK = "ok"
    OFF = "off"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report: what was looked at, how it is, and what to do about it."""

    name: str
    level: Level
    text: str
    hint: str = ""


def ok(name: str, text: str) -> Finding:
    """What is well."""
    return Finding(name, Level.OK, text)


def off(name: str, text: str, hint: str = "") -> Finding:
    """What is not there, and need not be."""
    return Finding(name, Level.OFF, text, hint)


def warning(name: str, text: str, hint: str) -> Finding:
    """What works, and may not for long."""
    return Finding(name, Level.WARNING, text, hint)


def broken(name: str, text: str, hint: str) -> Finding:
    """What does not work."""
    return Finding(name, Level.BROKEN, text, hint)
