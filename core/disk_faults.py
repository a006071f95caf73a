"""Whether an error says that a disk is full or may not be written, whoever says it."""

from __future__ import annotations

import errno

from core.errors import first_line

MAKE_ROOM = (
    "make room on that disk (a commit may need twice the mirror's size), then run it again, or let a worker go on"
)
MAY_WRITE = "set NUVYN_HOME to a folder that you may write to"

_FULL = ("disk is full", "no space left", "not enough space", "disk quota exceeded", "out of disk")
_READ_ONLY = ("read-only file system", "readonly database", "permission denied", "unable to open database file")


def is_full(error: BaseException) -> bool:
    """Whether there was no room: an `OSError`'s number, or the words of SQLite, DuckDB and Arrow."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return any(sign in str(error).lower() for sign in _FULL)


def cause(error: BaseException) -> str:
    """What an error of writing says, in a line."""
    return "the disk is full" if is_full(error) else first_line(error)


def way_out(error: BaseException, otherwise: str = "") -> str:
    """The hint of an error of writing."""
    if is_full(error):
        return MAKE_ROOM
    if any(sign in str(error).lower() for sign in _READ_ONLY):
        return MAY_WRITE
    return otherwise
