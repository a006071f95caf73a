"""What is wrong with a payload, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core.errors import UsageError
from core.secrets import mask
from core.text import as_text

if TYPE_CHECKING:
    from core.payload.models import Job


_MOST = 1_000


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

    def accepted(self) -> Job:
        """The job.

        Raises:
            PayloadRefused: the payload has errors.
        """
        if self.job is None:
            raise PayloadRefused(self.problems)
        return self.job


class PayloadRefused(UsageError):
    """A payload with errors; its text names the first, `problems` holds all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = next((p for p in self.problems if p.severity == "error"), None)
        super().__init__(first.message if first else "the payload was refused", hint=first.hint if first else "")


class Problems:
    """Collects problems; each is masked, since it repeats what the payload says."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._more: set[str] = set()

    @property
    def all(self) -> tuple[Problem, ...]:
        """Every problem once, in the order they were found."""
        return tuple(dict.fromkeys(self._found))

    @property
    def failed(self) -> bool:
        return any(problem.severity == "error" for problem in self._found)

    def at(self, *paths: str) -> bool:
        """Whether there is an error at one of these paths already."""
        return any(problem.path in paths and problem.severity == "error" for problem in self._found)

    @property
    def full(self) -> bool:
        """Whether so much is wrong that more of it helps nobody."""
        return len(self._found) - len(self._more) >= _MOST

    def fail(self, path: str, message: str, hint: str) -> None:
        """Add an error."""
        self._add(path, message, hint, "error")

    def warn(self, path: str, message: str, hint: str) -> None:
        """Add a warning."""
        self._add(path, message, hint, "warning")

    def _add(self, path: str, message: str, hint: str, severity: Literal["error", "warning"]) -> None:
        if not self.full:
            self._found.append(Problem(mask(path), _plain(message), hint, severity))
        elif severity not in self._more:
            self._more.add(severity)
            text = f"more than {_MOST:,} things are wrong; the rest is not told"
            self._found.append(Problem("", text, "mend these first", severity))


def _plain(message: str) -> str:
    """A message short enough to read and fit to be stored, whatever text of the payload it repeats."""
    masked = as_text(mask(message))
    return masked if len(masked) <= 400 else f"{masked[:400]}…"


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known name that a mistyped one most likely means."""
    # Longer texts are no mistyped names, and comparing them takes long.
    if len(name) > 60:
        return None
    found = difflib.get_close_matches(name.lower(), list(known), 1, cutoff=cutoff)
    return found[0] if found else None


def json_type(value: Any) -> str:
    """How JSON calls the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    for kinds, name in ((int | float, "a number"), (str, "a string"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kinds):
            return name
    return type(value).__name__
