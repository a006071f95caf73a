"""A file of one's own on disk for a while: for libraries that open nothing else.

Only its owner may read it. Where the system can (Linux), it has no name until a library opens it, and so nothing is
left behind even when the process is killed while it is filled.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from core.errors import Fault, FileError, first_line


class Spool:
    """A temporary file of `size` bytes, zeros at first, gone at the end of its `with`.

    Raises `FileError` when the disk won't have it.
    """

    def __init__(self, size: int) -> None:
        folder = Path(tempfile.gettempdir())
        self._path = folder / f"nuvyn-{secrets.token_hex(8)}"
        with _told():
            self._file, self._named = _create(folder, self._path)
            try:
                # Takes no room on disk before it is written to.
                os.ftruncate(self._file, size)
            except OSError:
                self.__exit__(None, None, None)
                raise

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)
        self._path.unlink(missing_ok=True)

    def write(self, at: int, data: bytes) -> None:
        """Put bytes where they belong."""
        with _told():
            os.lseek(self._file, at, os.SEEK_SET)
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]

    @contextlib.contextmanager
    def named(self) -> Iterator[Path]:
        """Its path, to be opened while this lasts."""
        with _told():
            if not self._named:
                # Only when a folder is given does Python ask for the link to be followed; the path is absolute anyway.
                os.link(f"/proc/self/fd/{self._file}", self._path, src_dir_fd=self._file, follow_symlinks=True)
        try:
            yield self._path
        finally:
            # Windows does not let go of a file that is open; there it goes at the end.
            with contextlib.suppress(PermissionError):
                self._path.unlink(missing_ok=True)


def _create(folder: Path, path: Path) -> tuple[int, bool]:
    """A new file, open, and whether it has that name already."""
    unnamed = getattr(os, "O_TMPFILE", 0)
    if unnamed and Path("/proc/self/fd").is_dir():
        with contextlib.suppress(OSError):  # not every file system has such files
            return os.open(folder, unnamed | os.O_RDWR, 0o600), False
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), True


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(Fault.UNSUPPORTED, f"it needs a temporary file: {first_line(error)}") from error
