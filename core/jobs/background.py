"""Processes that outlive who started them: a worker, and a run that was handed its payload.

A stored payload has its secrets hidden, so a job whose payload carries any is handed, through a
pipe, to a process of its own; nothing of it reaches a disk or an argument list.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from core.errors import JobError
from core.jobs.requests import anchored, create
from core.jobs.store import JobStore
from core.payload.models import Job
from core.settings import Settings

WORKER_IDLE_S = 300
"""How long a worker that was started in the background waits for another job."""


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    """Start a worker of its own session; it ends by itself when no job comes any more."""
    return _start(settings, "worker", "--idle", str(WORKER_IDLE_S), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def hand_over(settings: Settings, job: Job, *, write_to_db: bool = False) -> str:
    """Run a checked payload in a process of its own, secrets and all; returns the job's id.

    Raises:
        JobError: that process could not begin.
    """
    more = ["--write-to-db"] if write_to_db else []
    process = _start(settings, "run", "-", "--handed", *more, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    with process.stdin, process.stdout:
        process.stdin.write(json.dumps(job.raw).encode())
        process.stdin.close()
        job_id = process.stdout.readline().decode().strip()
    if not job_id.startswith("job_"):
        raise JobError("the job could not be started", hint="logs/nuvyn.log in the home folder has the details")
    return job_id


def carries_secrets(job: Job) -> bool:
    """Whether a payload can't be run from what is stored of it."""
    return job.masked() != job.raw


def _start(settings: Settings, *arguments: str, stdin: int, stdout: int) -> subprocess.Popen[bytes]:
    source = str(Path(__file__).parents[2])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-m", "core.cli.main", "--home", str(settings.home), *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,
    )
    # Someone must take its exit status when it ends before us.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def submit(settings: Settings, store: JobStore, job: Job, *, write_to_db: bool = False) -> str:
    """Queue a checked payload for a worker, or hand it to a process of its own when it carries secrets.

    Its relative paths are taken from the current folder. Returns the job's id.

    Raises:
        JobError: the process could not begin.
    """
    job = anchored(job, settings)
    if carries_secrets(job):
        return hand_over(settings, job, write_to_db=write_to_db)
    return create(store, job, write_to_db=write_to_db)
