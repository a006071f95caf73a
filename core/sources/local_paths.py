"""The ways to write a place in the file system: paths and `file://` URLs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote

from core.secrets import mask_url
from core.sources.place import Kind, Location, unplaced

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def from_path(path: str) -> Location:
    """A place by its path: `~` is the home folder, and a relative path starts at the working folder.

    A Windows path with a drive letter is kept as it is on other systems.

    Raises:
        SourceError: as of `absolute`.
    """
    return Location(Kind.LOCAL, "file", "", path if _DRIVE.match(path) else absolute(path), mask_url(path))


def is_relative(path: str) -> bool:
    """Whether a path depends on the working folder or on whose home it is; a URL never does."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path) is None and not path.startswith("/") and not _DRIVE.match(path)


def absolute(path: str) -> str:
    """A path made absolute, `~` resolved; links and `..` stay.

    Raises:
        SourceError: it holds a NUL character, which no file's name can; or it is a URL with something before it,
            whose secrets a path would show.
    """
    if url := _URL.search(path):
        raise unplaced(
            f"{mask_url(path)} is neither a path nor a URL", f"take away what stands before {url[0]}, white space too"
        )
    if "\0" in path:
        raise unplaced("a local path cannot hold a NUL character", "take it out of data_source_path")
    # pathlib's `expanduser` raises on an unknown `~name`, which is then just a file's name.
    return str(Path(os.path.expanduser(path)).absolute())  # noqa: PTH111


def from_file_url(path: str, rest: str) -> Location:
    """A place by what stands after `file:`.

    The path is taken as it is, as fsspec takes it; only when nothing has that name but something
    has the decoded one, the URL was encoded, as browsers and `Path.as_uri` do.
    """
    below = rest
    if rest.startswith("//"):
        host, slash, below = rest[2:].partition("/")
        below = slash + below
        if host == "~" or host.startswith("."):
            below = host + below
        elif host.lower() not in ("", "localhost"):
            raise unplaced(f"{mask_url(path)} names the host {host}", "a file URL has three slashes: file:///FOLDER")
    if _DRIVE.match(below.removeprefix("/")):
        below = below.removeprefix("/")
    if not below:
        raise unplaced(f"{mask_url(path)} names no path", "write file:///FOLDER")
    found = from_path(below)
    if "%" in below and not os.path.lexists(found.path) and os.path.lexists(unquoted := unquote(found.path)):
        found = from_path(unquoted)
    return Location(Kind.LOCAL, "file", "", found.path, mask_url(path))


def from_dbfs(path: str, rest: str) -> Location:
    """A Databricks path `dbfs:/…` as the cluster's file system has it: below `/dbfs`, volumes at the root."""
    below = "/" + rest.lstrip("/")
    local = below if below.startswith("/Volumes/") else f"/dbfs{below}"
    return Location(Kind.LOCAL, "file", "", local, mask_url(path))
