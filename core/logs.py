"""The log: a file in the home folder, every line masked; standard error only when asked for."""

from __future__ import annotations

import logging
import sys
from logging.handlers import RotatingFileHandler

from core.secrets import mask
from core.settings import Settings

_MAX_BYTES = 5_000_000
# These print requests, presigned URLs and headers.
_TALKATIVE = ("azure", "botocore", "aiobotocore", "urllib3", "aiohttp", "s3fs", "adlfs", "fsspec", "asyncio", "msal")


class _Masked(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def start_log(settings: Settings, *, to_stderr: bool = False) -> None:
    """Send everything logged to `logs/nuvyn.log`; libraries only from warnings up."""
    # A log that cannot be written, on a full disk say, must not fill the screen.
    logging.raiseExceptions = False
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    settings.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.logs / "nuvyn.log"
    path.touch(mode=0o600)
    handlers: list[logging.Handler] = [RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=3)]
    if to_stderr:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(_Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
