"""Processes that outlive who started them: a worker, and a run that was handed its payload.

A stored payload has its secrets hidden, so a job whose payload carries any is handed, through a
pipe, to a process of its own; nothing of it reaches a disk or an argument list.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from core.caller_rules import CallerRules
from core.jobs.owners import owner_of
from core.jobs.requests import anchored, create
from core.jobs.store import JobStore
from core.payload.models import Job
from core.settings import Settings

_READY_S = 120.0
"""How long a process may take to begin with its job, also where many are started at once."""

WORKER_IDLE_S = 300
"""How long a worker that was started in the background waits for another job."""


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    """Start a worker of its own session; it ends by itself when no job comes any more."""
    return _start(settings, "worker", "--idle", str(WORKER_IDLE_S), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def hand_over(
    settings: Settings,
    store: JobStore,
    job: Job,
    *,
    write_to_db: bool = False,
    rules: CallerRules | None = None,
    key: str | None = None,
) -> tuple[str, subprocess.Popen[bytes]]:
    """Run a checked payload in a process of its own, secrets and all; returns the job's id and that process.

    The job is that process' from the first moment: should it die, a worker takes the job up.

    Raises:
        JobError: the job could not be stored.
    """
    process = _start(settings, "run", "--handed", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    try:
        owner = owner_of(process.pid)
        job_id = create(store, job, write_to_db=write_to_db, owner=owner, lease_s=_READY_S, rules=rules, key=key)
    except BaseException:
        process.kill()
        raise
    # One that is not new belongs to another process, and this one has nothing to do.
    if store.job(job_id).owner != owner:
        process.kill()
        return job_id, process
    with process.stdin, contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps({"job_id": job_id, "owner": owner, "payload": job.raw}).encode())
    return job_id, process


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
        JobError: it could not be stored.
    """
    job = anchored(job, settings)
    if carries_secrets(job):
        return hand_over(settings, store, job, write_to_db=write_to_db)[0]
    return create(store, job, write_to_db=write_to_db)
