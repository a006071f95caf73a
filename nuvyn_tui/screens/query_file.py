"""Writing rows to a file that was asked for, in a thread, with its progress."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from core.mirror.results import format_of, write_file
from core.mirror.session import Stopped

if TYPE_CHECKING:
    import pyarrow as pa


def asked_path(said: str) -> tuple[Path, str]:
    """The place a person typed, and the format its suffix names.

    Raises:
        UsageError: the suffix names no format.
    """
    path = Path(said).expanduser().absolute()
    return path, format_of(path)


class Export:
    """One file being written; `told` says how far it is, `stop` ends it."""

    def __init__(self, rows: pa.Table, path: Path, form: str) -> None:
        self._rows, self._path, self._form = rows, path, form
        self._done = 0
        self._stopped = threading.Event()

    @property
    def told(self) -> str:
        """What it does, for the line above the rows."""
        count = f"{self._done:,} of " if self._form != "parquet" else ""
        return f"writing {count}{self._rows.num_rows:,} rows"

    def run(self) -> None:
        """Write it. Raises `Stopped`, or a `UsageError` when it can't be written."""
        write_file(self._rows, self._path, self._form, self._written)

    def stop(self) -> None:
        """End it; what was there before stays."""
        self._stopped.set()

    def _written(self, rows: int) -> None:
        self._done = rows
        if self._stopped.is_set():
            raise Stopped
