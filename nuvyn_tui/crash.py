"""A fault of the app itself: what the operator is told, and a report without secrets on disk."""

from __future__ import annotations

import logging
import platform
import traceback
from datetime import UTC, datetime
from pathlib import Path

from core import __version__
from core.errors import NuvynError
from core.secrets import mask

_log = logging.getLogger(__name__)


def told(error: BaseException) -> tuple[str, str]:
    """The message and hint of an error, masked; a worker's failure is unwrapped."""
    inner = getattr(error, "error", None)
    if isinstance(inner, BaseException):
        error = inner
    if isinstance(error, NuvynError):
        return mask(error.message), mask(error.hint)
    return f"unexpected {type(error).__name__}: {mask(str(error))}", ""


def is_designed(error: BaseException) -> bool:
    """Whether an error is one of ours, that needs no report."""
    return isinstance(getattr(error, "error", error), NuvynError)


def write_report(folder: Path, error: BaseException) -> Path | None:
    """Write a crash report and return its path; None when it can't be written."""
    inner = getattr(error, "error", None)
    cause = inner if isinstance(inner, BaseException) else error
    trace = "".join(traceback.format_exception(cause))
    now = datetime.now(UTC)
    text = f"nuvyn {__version__}, Python {platform.python_version()}, {platform.system()}\n{now:%F %T} UTC\n\n{trace}"
    path = folder / f"crash-{now:%Y%m%d-%H%M%S-%f}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(mask(text), encoding="utf-8", errors="backslashreplace")
    except OSError:
        _log.exception("the crash report could not be written")
        return None
    return path
