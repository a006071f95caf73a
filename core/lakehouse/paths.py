"""Where the files of an Iceberg table lie now.

Manifests hold full paths, of where the table was written. A copied table lies elsewhere, but the
same below its root.
"""

from __future__ import annotations

from urllib.parse import unquote

from core.catalog import DataFile
from core.lakehouse.base import Folder


class Paths:
    """Finds listed files by the paths that the table's own files hold."""

    def __init__(self, folder: Folder, location: str) -> None:
        self._folder = folder
        self._location = f"{location}/"

    def find(self, path: str) -> DataFile | None:
        """The file that a path means, or None when it is not stored here."""
        return self._find(path) or (self._find(unquote(path)) if "%" in path else None)

    def _find(self, path: str) -> DataFile | None:
        if path.startswith(self._location):
            found = self._folder.files.get(self._folder.key(path[len(self._location) :].lstrip("/")))
            if found is not None:
                return found
        parts = path.partition("://")[2] or path
        at = 0
        while at >= 0:
            found = self._folder.files.get(self._folder.key(parts[at:].lstrip("/")))
            if found is not None:
                return found
            at = parts.find("/", at) + 1 or -1
        return None
