"""Removes what processes left in the home folder that died: staged rows that nobody will commit."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from core.jobs.store import JobStore
from core.mirror.mirror import Mirror
from core.processes import is_alive
from core.settings import Settings

_SYNC = re.compile(r"sync-(\d+)-\w+")
# A home folder may be shared by hosts, and a process id is only known to its own.
_SYNC_LEFT_S = 3600.0
_DOWNLOAD, _DOWNLOAD_LEFT_S = "download-", 3600.0


def sweep(settings: Settings, store: JobStore, mirror: Mirror) -> list[Path]:
    """Remove the stages of jobs that have ended or were deleted, and what syncs and commits left.

    Gives the folders of stages and syncs.

    A job that has not ended keeps its stages, whoever takes it up.
    """
    mirror.sweep()
    removed = []
    for folder in sorted(settings.runs.glob("*")):
        if folder.is_dir() and (_is_over(folder, store) or _is_left(folder)):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        elif folder.name.startswith(_DOWNLOAD) and time.time() - folder.stat().st_mtime > _DOWNLOAD_LEFT_S:
            # Of an app in a browser that was killed before the browser had it.
            folder.unlink(missing_ok=True)
    return removed


def _is_over(folder: Path, store: JobStore) -> bool:
    if not folder.name.startswith("job_"):
        return False
    job = store.job_of(folder.name)
    return job is None or job.state.ended


def _is_left(folder: Path) -> bool:
    """Whether the sync is no more that a folder belongs to."""
    sync = _SYNC.fullmatch(folder.name)
    try:
        return sync is not None and not is_alive(int(sync[1])) and time.time() - folder.stat().st_mtime > _SYNC_LEFT_S
    except OSError:
        return False
