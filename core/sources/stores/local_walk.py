"""Walking a folder tree: every regular file once, in pages, whatever the tree's shape."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from core.sources.guard import Guard
from core.sources.stores.local_names import key_of
from core.sources.stores.page import listing_batch

_PAGE = 1_000
_NAMED = 3


class Walk:
    """The files below one root, without recursion.

    A link to a file is that file. A link to a folder is followed after everything else was
    walked, and only when that folder was not: so links make neither loops nor copies, and the
    outcome does not depend on the order in which a folder lists its entries.
    """

    def __init__(self, root: str, requests: Counter[str], guard: Guard | None = None) -> None:
        self._guard = guard
        self._root = root
        self._requests = requests
        self._seen: set[tuple[int, int]] = set()
        self._links: list[str] = []
        self._left_out: dict[str, list[str]] = {}
        self.complete = True

    def is_folder(self) -> bool:
        """Whether the root is a folder; raises `OSError` when it can't be looked at."""
        return stat.S_ISDIR(os.stat(self._root).st_mode)  # noqa: PTH116

    def warnings(self) -> list[str]:
        """What was left out and why, a line a reason."""
        return [
            f"{reason} ({len(keys)}): {', '.join(keys[:_NAMED])}{' …' if len(keys) > _NAMED else ''}"
            for reason, keys in self._left_out.items()
        ]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """`LISTING` batches; raises `OSError` when the root itself can't be listed."""
        rows: list[tuple[str, int, int]] = []
        for row in self._rows():
            rows.append(row)
            if len(rows) == _PAGE:
                yield _batch(rows)
                rows = []
        if rows:
            yield _batch(rows)

    def _rows(self) -> Iterator[tuple[str, int, int]]:
        if not self.is_folder():
            self._requests["LIST"] += 1
            found = os.stat(self._root)  # noqa: PTH116
            yield key_of(os.path.basename(self._root)), found.st_size, found.st_mtime_ns // 1_000  # noqa: PTH119
            return
        yield from self._below("")
        while self._links:
            links, self._links = sorted(self._links, key=lambda link: link.removesuffix(os.sep)), []
            for link in links:
                yield from self._below(link)

    def _below(self, top: str) -> Iterator[tuple[str, int, int]]:
        folders = [top]
        while folders:
            folder = folders.pop()
            path = os.path.join(self._root, folder)  # noqa: PTH118
            try:
                found = os.stat(path)  # noqa: PTH116
                if (found.st_dev, found.st_ino) in self._seen:
                    continue
                self._seen.add((found.st_dev, found.st_ino))
                self._requests["LIST"] += 1
                entries = os.scandir(path)
            except OSError:
                if not folder:
                    raise
                self._not_seen("folders could not be listed", folder)
                continue
            with entries:
                try:
                    yield from self._files(entries, folder, folders)
                except OSError:
                    self._not_seen("folders could not be listed to their end", folder)

    def _files(
        self, entries: Iterator[os.DirEntry[str]], folder: str, folders: list[str]
    ) -> Iterator[tuple[str, int, int]]:
        for entry in entries:
            name = f"{folder}{entry.name}"
            try:
                found = entry.stat()
            except FileNotFoundError:
                # Gone since the folder was listed, or a link to nothing.
                if entry.is_symlink():
                    self._leave_out("links lead nowhere", name)
                continue
            except OSError:
                self._not_seen("entries could not be looked at", name)
                continue
            if self._guard is not None and entry.is_symlink() and not self._guard.holds(entry.path):
                self._leave_out("links lead out of the folders that are open to callers", name)
            elif stat.S_ISDIR(found.st_mode):
                (self._links if entry.is_symlink() else folders).append(f"{name}{os.sep}")
            elif stat.S_ISREG(found.st_mode):
                yield key_of(name), found.st_size, found.st_mtime_ns // 1_000
            else:
                # Opening a pipe or a device could block for ever.
                self._leave_out("pipes, sockets and devices are no files", name)

    def _not_seen(self, reason: str, name: str) -> None:
        """Leave out what may well hold files."""
        self.complete = False
        self._leave_out(reason, name)

    def _leave_out(self, reason: str, name: str) -> None:
        self._left_out.setdefault(reason, []).append(key_of(name))


def _batch(rows: list[tuple[str, int, int]]) -> pa.RecordBatch:
    keys, sizes, modified = zip(*rows, strict=True)
    return listing_batch(keys, sizes, [None] * len(rows), modified)
