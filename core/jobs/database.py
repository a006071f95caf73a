"""One SQLite file that many processes share: one writer thread a process, many readers.

Writers that compete for the file starve each other for seconds, so each process has one thread
that writes, and everything waiting for it goes into one transaction (group commit).
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

from core.disk_faults import cause, way_out
from core.errors import StoreError
from core.jobs.migrate import migrate
from core.points import reached

T = TypeVar("T")
_Work = tuple[Callable[[sqlite3.Connection], Any], "Future[Any]"]

_BUSY_MS = 30_000
_AGAIN_S = 0.02


class Database:
    """The job store's file: `write` runs work in the next transaction, `read` at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        fresh = not path.exists()
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"the job store {path} cannot be opened: {cause(error)}",
                hint=way_out(error, "stop all workers, then: nuvyn repair (it keeps what can be read)"),
            ) from error
        if fresh:
            with suppress(OSError):
                path.chmod(0o600)
        self._thread = threading.Thread(target=self._write_all, name="job-store", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        """Make the file what it should be, also while other processes are at the same."""
        deadline = time.monotonic() + _BUSY_MS / 1000
        while True:
            try:
                with closing(sqlite3.connect(self.path, timeout=_BUSY_MS / 1000)) as connection:
                    migrate(connection, self.path)
                    return
            except sqlite3.OperationalError as error:
                # SQLite does not wait when two switch to WAL at once: it says so at once.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(_AGAIN_S)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` inside the next transaction and wait until that is on disk.

        What `work` raises is raised here, and only its own statements are undone.
        """
        return self.submit(work).result()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Like `write`, without waiting."""
        reached(f"store, {_name(work)}: asked")
        done: Future[T] = Future()
        self._queue.put((work, done))
        return done

    def read(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """The rows of a query, as of the last commit of any process."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
            self._readers.append(connection)
        return list(connection.execute(sql, values))

    def close(self) -> None:
        """Finish what was submitted and let go of the file."""
        self._queue.put(None)
        self._thread.join()
        for connection in self._readers:
            connection.close()
        self._readers.clear()
        self._local = threading.local()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _write_all(self) -> None:
        connection = self._open()
        last = False
        while not last:
            batch = [self._queue.get()]
            with suppress(queue.Empty):
                while True:
                    batch.append(self._queue.get_nowait())
            last = None in batch
            self._write_batch(connection, [item for item in batch if item is not None])
        connection.close()

    def _write_batch(self, connection: sqlite3.Connection, batch: list[_Work]) -> None:
        if not batch:
            return
        settled: list[tuple[Future[Any], Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, done in batch:
                connection.execute("SAVEPOINT one")
                try:
                    settled.append((done, work(connection), None))
                    reached(f"store, {_name(work)}: written")
                except Exception as error:
                    connection.execute("ROLLBACK TO one")
                    settled.append((done, None, error))
                connection.execute("RELEASE one")
            connection.execute("COMMIT")
            for work, _ in batch:
                reached(f"store, {_name(work)}: committed")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            failure = StoreError(f"the job store {self.path} could not be written: {cause(error)}", hint=way_out(error))
            settled = [(done, None, failure) for _, done in batch]
        for done, result, problem in settled:
            if problem is None:
                done.set_result(result)
            else:
                done.set_exception(problem)


def _name(work: Callable[[sqlite3.Connection], object]) -> str:
    """What a piece of work does: the name of the method that it was made in."""
    return work.__qualname__.partition(".<locals>")[0].rpartition(".")[2]
