"""What is wrong with a payload, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.errors import UsageError

if TYPE_CHECKING:
    from core.payload.models import Job


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong; `path` is its place in the payload, as `sources[1].source_id`."""

    path: str
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Checked:
    """A payload after checking: the job when it has no errors, and everything found."""

    job: Job | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.problems if p.severity == "warning")


class PayloadRefused(UsageError):
    """A payload with errors; its text names the first, `problems` holds all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = next((p for p in self.problems if p.severity == "error"), None)
        super().__init__(first.message if first else "the payload was refused", hint=first.hint if first else "")


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name that a mistyped one most likely means."""
    found = difflib.get_close_matches(name.lower(), list(known), 1, cutoff=cutoff)
    return found[0] if found else None
