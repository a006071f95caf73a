"""The errors nuvyn raises on purpose: what went wrong, its cause, and what to do.

Raised where the fault is known and worded once; front ends only show them. No text in
here may carry a secret: whoever builds a message from outside text masks it first
(`core.secrets.mask`).
"""

from __future__ import annotations

from enum import StrEnum

from core.text import as_text


class Fault(StrEnum):
    """Why a source, a request or a file failed."""

    DENIED = "denied"
    NOT_FOUND = "not_found"
    CREDENTIALS = "credentials"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    MISSING_DRIVER = "missing_driver"
    UNSUPPORTED = "unsupported"
    CORRUPT = "corrupt"
    ENCRYPTED = "encrypted"
    EMPTY = "empty"
    SHRUNK = "shrunk"
    CRASHED = "crashed"
    INTERNAL = "internal"


class NuvynError(Exception):
    """Any designed error.

    Attributes:
        message: what went wrong and where, in one sentence.
        hint: what the operator can do about it; empty when there is nothing to do.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        message = as_text(message)
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(NuvynError):
    """The command line or a setting is wrong (exit status 2)."""


class SourceError(NuvynError):
    """A source, or one request to it, failed.

    `transient` faults (time-outs, 429, 5xx, dropped connections) are tried again,
    `retry_after` seconds later when the server asked for that; others never are. `throttled` ones say that the
    server has too much to do.
    """

    def __init__(
        self,
        fault: Fault,
        message: str,
        *,
        hint: str = "",
        transient: bool = False,
        throttled: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.fault = fault
        self.transient = transient
        self.throttled = throttled
        self.retry_after = retry_after


class FileError(NuvynError):
    """One file could not be read; its source and its table go on without it."""

    def __init__(self, fault: Fault, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.fault = fault


class MirrorError(NuvynError):
    """The mirror could not be opened, queried or written."""


class MirrorTaken(MirrorError):
    """Another process holds the mirror's file, and did not let go of it in time."""


class JobError(NuvynError):
    """A request about a job cannot be met: no such job, or not in that state."""


class StoreError(JobError):
    """The job store could not be opened, read or written."""


def first_line(error: BaseException) -> str:
    """What a library's error says, short enough for a line of ours."""
    return as_text((str(error).strip().splitlines() or [type(error).__name__])[0][:200])
