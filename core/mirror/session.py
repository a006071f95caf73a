"""How processes share one DuckDB file: attached for one piece of work, then let go.

DuckDB lets one process write, and while it does no other may read. So nobody keeps the file:
a living in-memory connection attaches it (a few milliseconds), works, and detaches; whoever
finds it taken tries again. What takes a writer long is done in a copy, which takes the file's
place in one move, so that readers never wait for it. A lock beside the file gives writers their
turns. Within one process the file is attached once: file locks belong to a process, so a second
attachment that ends would take the first one's lock along. Its readers share that attachment,
each with its own cursor; a writer is alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from filelock import FileLock, Timeout

from core.disk_faults import cause, way_out
from core.duckdb_faults import is_taken
from core.errors import MirrorError, MirrorTaken
from core.points import reached
from core.processes import is_alive

if TYPE_CHECKING:
    import duckdb

_Stamp = tuple[int, int, int]
Config = dict[str, str | bool | int | float | list[str]]

_RETRY_S = 0.005
_LOOK_S = 0.05
_COPIED_BYTES = 1 << 20
_SESSION = "SET TimeZone = 'UTC'; SET enable_progress_bar = false"
_PATIENCE_S = {"read": 60.0, "write": 600.0}
# A version old enough for every DuckDB tool in use to open the file. A row group is in memory until it is full, in
# every column of its table, and is skipped as a whole: a sixth of DuckDB's usual size costs less of both.
AS_STORED = "STORAGE_VERSION 'v1.0.0', ROW_GROUP_SIZE 20480"

_guard = threading.Lock()
_attachments: dict[Path, _Attachment] = {}


class Stopped(MirrorError):
    """Who asked took it back."""

    def __init__(self) -> None:
        super().__init__("stopped before it ended")


def quote(identifier: str) -> str:
    """An identifier as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as SQL."""
    return "'" + text.replace("'", "''") + "'"


class Session:
    """Turns with one mirror file: several readers at once, one writer, and one who writes a copy beside readers."""

    def __init__(self, path: Path, catalog: str) -> None:
        # The file itself, which a copy takes the place of; a link to it stays one.
        self.path = path.resolve()
        self.catalog = catalog
        with _guard:
            self._file = _attachments.setdefault(self.path, _Attachment(self.path))

    @contextmanager
    def reading(self, stop: threading.Event | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file attached read-only; `stop`, set by another thread, ends the waiting for it.

        Raises:
            MirrorError: there is no such file yet, it is broken, or it stays taken for a minute.
            Stopped: `stop` was set before it was this one's turn.
        """
        if not self.path.exists():
            raise MirrorError(f"there is no mirror yet at {self.path}", hint="run a payload first, or `nuvyn demo`")
        with self._file.held("read", self.catalog, "(READ_ONLY)", stop) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, which must be there, attached for writing. Errors as in `reading`."""
        with self._turn(), self._file.held("write", self.catalog, f"({AS_STORED})", None) as connection:
            yield connection

    @contextmanager
    def rewriting(self, *, compact: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A copy of the file attached for writing, which takes its place at the end. Errors as in `reading`.

        When there is no file yet it is a new one, so that a full disk leaves no half-made mirror. Nothing of it is
        kept when the work fails. With `compact` only what is alive is copied.
        """
        with (
            self._turn(),
            tempfile.TemporaryDirectory(prefix=f"{self.path.name}.next-", dir=self.path.parent) as folder,
        ):
            copy = Path(folder) / self.path.name
            reached("mirror, copy: begun")
            before = _stamp(self.path)
            if before is not None:
                if compact:
                    self._copy_alive(copy)
                else:
                    before = self._file.copy(copy)
            reached("mirror, copy: copied")
            with _connected(_spill(copy)) as connection:
                connection.execute(f"ATTACH {literal(str(copy))} AS {quote(self.catalog)} ({AS_STORED})")
                yield connection
                connection.execute(f"DETACH {quote(self.catalog)}")
            with suppress(OSError):
                copy.chmod(0o600)
            reached("mirror, copy: written")
            if _stamp(self.path) != before:
                raise MirrorError(
                    f"another program changed the mirror {self.path} meanwhile: nothing was written",
                    hint="run it again; other programs should open the file read-only",
                )
            self._file.become(copy)
            reached("mirror, copy: in its place")

    def sweep(self) -> None:
        """Remove what writers left who died, unless one is at work: then that one has done it."""
        if self.path.parent.is_dir():
            with suppress(MirrorError), self._turn(0):
                pass

    @contextmanager
    def _turn(self, patience_s: float = _PATIENCE_S["write"]) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{self.path}.lock", timeout=patience_s, poll_interval=_RETRY_S, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            raise _held(self.path) from error
        try:
            reached("mirror: turn taken")
            self._remove_left()
            yield
        finally:
            lock.release()

    def _remove_left(self) -> None:
        """Remove what those left who died: copies, which only who has the turn makes, and what memory did not hold."""
        for left in self.path.parent.glob(f"{self.path.name}.next-*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in self.path.parent.glob(f"{self.path.name}.spill-*"):
            pid = left.name.rpartition("-")[2]
            if pid.isdigit() and not is_alive(int(pid)):
                shutil.rmtree(left, ignore_errors=True)

    def _copy_alive(self, copy: Path) -> None:
        with self.reading() as connection:
            connection.execute(f"ATTACH {literal(str(copy))} AS compacted ({AS_STORED})")
            try:
                connection.execute(f"COPY FROM DATABASE {quote(self.catalog)} TO compacted")
            finally:
                connection.execute("DETACH compacted")


class _Attachment:
    """One file as this process holds it: by nobody, by readers, or by one who is alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._alone = False
        self._readers = 0
        self._writers_waiting = 0
        self._catalog = ""
        self._connection: duckdb.DuckDBPyConnection | None = None

    @contextmanager
    def held(
        self, purpose: str, catalog: str, options: str, stop: threading.Event | None
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own on the attached file. Errors as in `Session`."""
        first = self._enter(purpose, catalog, stop)
        try:
            if first:
                self._attach(purpose, catalog, options, stop)
        except BaseException:
            self._leave()
            raise
        if purpose == "read" and first:
            self._share(catalog)
        try:
            with self._cursor() as cursor:
                yield cursor
        finally:
            self._release(purpose)

    def copy(self, copy: Path) -> _Stamp | None:
        """Copy the file as it is, while nobody writes it; gives which state that is. Errors as in `Session`."""
        if Path(f"{self._path}.wal").exists():
            # Left by a writer that died: opening the file for writing takes it in.
            with self.held("write", "left", f"({AS_STORED})", None):
                pass
        self._enter("write", "", None)
        try:
            deadline = time.monotonic() + _PATIENCE_S["write"]
            with self._path.open("rb") as file:
                while not _shared(file):
                    if time.monotonic() > deadline:
                        raise _held(self._path)
                    time.sleep(_RETRY_S)
                with copy.open("wb") as target:
                    shutil.copyfileobj(file, target, _COPIED_BYTES)
                return _stamp(self._path)
        finally:
            self._leave()

    def become(self, copy: Path) -> None:
        """Put a copy in the file's place, when no reader of this process has it open."""
        self._enter("write", "", None)
        try:
            deadline = time.monotonic() + _PATIENCE_S["write"]
            while True:
                try:
                    copy.replace(self._path)
                    return
                except PermissionError as error:
                    # Windows keeps a file in its place for as long as anyone has it open.
                    if time.monotonic() > deadline:
                        raise _held(self._path) from error
                    time.sleep(_RETRY_S)
        finally:
            self._leave()

    def _enter(self, purpose: str, catalog: str, stop: threading.Event | None) -> bool:
        """Wait for this one's turn; returns whether it is alone and has to attach the file."""
        with self._changed:
            self._writers_waiting += purpose == "write"
            try:
                while not (joins := self._joins(purpose, catalog)) and (self._alone or self._readers):
                    self._changed.wait(_LOOK_S)
                    if stop is not None and stop.is_set():
                        raise Stopped
            finally:
                self._writers_waiting -= purpose == "write"
            if joins:
                self._readers += 1
                return False
            self._alone = True
            return True

    def _joins(self, purpose: str, catalog: str) -> bool:
        """Whether a reader may share what others read now; a writer that waits goes first."""
        reads = purpose == "read" and self._readers > 0 and not self._alone
        return reads and catalog == self._catalog and not self._writers_waiting

    def _share(self, catalog: str) -> None:
        with self._changed:
            self._alone, self._readers, self._catalog = False, 1, catalog
            self._changed.notify_all()

    def _leave(self) -> None:
        with self._changed:
            self._alone = False
            self._changed.notify_all()

    def _release(self, purpose: str) -> None:
        """Let go; the last one detaches the file."""
        if purpose == "read":
            with self._changed:
                self._readers -= 1
                if self._readers:
                    return
                self._alone = True
        try:
            reached(f"mirror: {purpose} done")
            self._base().execute(f"DETACH {quote(self._attached)}")
            reached(f"mirror: {purpose} let go")
        finally:
            self._leave()

    def _attach(self, purpose: str, catalog: str, options: str, stop: threading.Event | None) -> None:
        import duckdb

        command = f"ATTACH {literal(str(self._path))} AS {quote(catalog)} {options}"
        deadline = time.monotonic() + _PATIENCE_S[purpose]
        while True:
            try:
                self._base().execute(command)
                self._attached = catalog
                return
            except duckdb.Error as error:
                if not is_taken(error):
                    raise MirrorError(
                        f"the mirror {self._path} cannot be opened: {cause(error)}",
                        hint=way_out(error, "nuvyn repair keeps what can be read of it, and runs the rest again"),
                    ) from error
                if time.monotonic() > deadline:
                    raise _held(self._path) from error
            if stop is not None and stop.is_set():
                raise Stopped
            time.sleep(_RETRY_S)

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        cursor = self._base().cursor()
        try:
            cursor.execute(_SESSION)
            yield cursor
        finally:
            with suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            cursor.close()

    def _base(self) -> duckdb.DuckDBPyConnection:
        """The living in-memory connection; only who is alone uses it, but for cursors of it."""
        with self._changed:
            if self._connection is None:
                self._connection = _connect(_spill(self._path))
            return self._connection


def _stamp(path: Path) -> _Stamp | None:
    """Which state of a file this is; None when there is none. All of nuvyn change the mirror in their turn only."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _spill(path: Path) -> str:
    """Where DuckDB puts what does not fit in memory; its files' names are the same in every process."""
    return f"{path}.spill-{os.getpid()}"


def _connect(spill: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    config: Config = {"threads": 2, "preserve_insertion_order": True, "temp_directory": spill}
    return duckdb.connect(":memory:", config=config)


@contextmanager
def _connected(spill: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with _connect(spill) as connection:
        connection.execute(_SESSION)
        yield connection


def _shared(file: BinaryIO) -> bool:
    """Take the lock that DuckDB's readers take; Windows has it with the open file."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _held(path: Path) -> MirrorTaken:
    return MirrorTaken(
        f"the mirror {path} is held by another process", hint="close other programs that have the file open"
    )
