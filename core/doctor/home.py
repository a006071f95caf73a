"""The home folder: can it be written, is there room, is it open to others, what was left in it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.doctor.findings import Finding, broken, off, ok, warning
from core.settings import Settings
from core.text import plural, size

_LITTLE_ROOM = 1 << 30
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_home(settings: Settings) -> Iterator[Finding]:
    """The folder and the configuration file."""
    yield _folder(settings.home)
    yield from _others(settings)
    yield _config(settings)
    for text in settings.warnings:
        yield warning("settings", text, f"see {settings.config_file}")
    left = [path for path in settings.mirror.parent.glob(f"{settings.mirror.name}.*-*") if path.is_dir()]
    left += [path for path in settings.runs.glob("*") if path.is_dir()]
    if left:
        yield off(
            "work in progress", f"{plural(len(left), 'folder')} of runs and commits", "the next worker sweeps them"
        )


def _folder(home: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
        room = shutil.disk_usage(home).free
    except OSError as error:
        return broken("home", f"{home} cannot be written: {error.strerror}", "set NUVYN_HOME to a folder that can")
    if room < _LITTLE_ROOM:
        return warning(
            "home", f"{home}, only {size(room)} free", "make room: a commit may need twice the mirror's size"
        )
    return ok("home", f"{home}, {size(room)} free")


def _others(settings: Settings) -> Iterator[Finding]:
    """What of it other users of the machine may open."""
    if os.name == "nt":
        return
    places = (settings.home, settings.jobs, settings.mirror, settings.logs, settings.runs)
    for path in places:
        if path.exists() and path.stat().st_mode & _OTHERS:
            mode = "700" if path.is_dir() else "600"
            yield warning("home", f"{path} is open to other users", f"chmod {mode} {path}")


def _config(settings: Settings) -> Finding:
    path = settings.config_file
    if not path.exists():
        return off("settings", f"{path} is not there: the defaults hold")
    if os.name != "nt" and path.stat().st_mode & _OTHERS and settings.connections:
        return warning("settings", f"{path} has connections and is open to other users", f"chmod 600 {path}")
    return ok("settings", f"{path}, {plural(len(settings.connections), 'connection')}")
