"""When to stop asking a server that gives nothing."""

from __future__ import annotations

from core.errors import NuvynError, SourceError

# With this many reads in a row unavailable, the server is down rather than the files broken.
_GIVE_UP_AFTER = 16


class Streak:
    """Counts reads in a row that the server did not give."""

    def __init__(self) -> None:
        self.length = 0
        self.read = 0
        self.last: SourceError | None = None

    def good(self) -> None:
        self.length = 0
        self.read += 1

    def bad(self, error: SourceError) -> None:
        """Note a failed read; raises its error when there have been too many in a row."""
        self.length += 1
        self.last = error
        if error.transient and self.length >= _GIVE_UP_AFTER:
            raise error

    def end(self) -> None:
        """All was tried: raises the last error when nothing at all was given."""
        if self.last is not None and not self.read:
            raise self.last


def first_of(errors: BaseExceptionGroup[NuvynError]) -> NuvynError:
    """The first error of a task group."""
    found = errors.exceptions[0]
    return first_of(found) if isinstance(found, BaseExceptionGroup) else found
