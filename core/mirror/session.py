"""How processes share one DuckDB file: attached for one piece of work, then let go.

DuckDB lets one process write, and while it does no other may read. So nobody keeps the file:
a living in-memory connection attaches it (a few milliseconds), works, and detaches; whoever
finds it taken tries again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import MirrorError

if TYPE_CHECKING:
    import duckdb

_RETRY_S = 0.005
_PATIENCE_S = {"read": 60.0, "write": 600.0}
# Old enough for every DuckDB tool in use to open the file.
_STORAGE_VERSION = "v1.0.0"

_guard = threading.Lock()
_locks: dict[Path, threading.RLock] = {}


def quote(identifier: str) -> str:
    """An identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as SQL."""
    return "'" + text.replace("'", "''") + "'"


class Session:
    """Turns with one mirror file. Threads of one process take them one after the other."""

    def __init__(self, path: Path, catalog: str) -> None:
        self.path = path
        self.catalog = catalog
        with _guard:
            self._lock = _locks.setdefault(path.resolve(), threading.RLock())
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file attached read-only.

        Raises:
            MirrorError: there is no such file yet, it is broken, or it stays taken for a minute.
        """
        if not self.path.exists():
            raise MirrorError(f"there is no mirror yet at {self.path}", hint="run a payload first, or `nuvyn demo`")
        with self._attached("read", "(READ_ONLY)") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file attached for writing, made when it isn't there. Errors as in `reading`."""
        created = not self.path.exists()
        with self._attached("write", f"(STORAGE_VERSION '{_STORAGE_VERSION}')") as connection:
            if created:
                with suppress(OSError):
                    self.path.chmod(0o600)
            yield connection

    @contextmanager
    def _attached(self, purpose: str, options: str) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        with self._lock:
            connection = self._connect()
            name = quote(self.catalog)
            command = f"ATTACH {literal(str(self.path))} AS {name} {options}"
            deadline = time.monotonic() + _PATIENCE_S[purpose]
            while True:
                try:
                    connection.execute(command)
                    break
                except duckdb.Error as error:
                    if not _taken(error):
                        raise MirrorError(
                            f"the mirror {self.path} cannot be opened: {_first_line(error)}",
                            hint="move the file away and run the payloads again to rebuild it",
                        ) from error
                    if time.monotonic() > deadline:
                        raise MirrorError(
                            f"the mirror {self.path} is held by another process",
                            hint="close other programs that have the file open",
                        ) from error
                    time.sleep(_RETRY_S)
            try:
                yield connection
            finally:
                with suppress(duckdb.Error):
                    connection.execute("ROLLBACK")
                connection.execute("USE memory")
                connection.execute(f"DETACH {name}")

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        if self._connection is None:
            self._connection = duckdb.connect(":memory:", config={"threads": 2, "preserve_insertion_order": True})
            self._connection.execute("SET TimeZone = 'UTC'")
        return self._connection


def _taken(error: Exception) -> bool:
    text = str(error).lower()
    return "lock" in text or "being used by another process" in text or "already attached" in text


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
