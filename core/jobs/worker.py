"""A worker: takes jobs from the store, oldest first, and runs some of them side by side, each to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from core.errors import JobError
from core.jobs.model import JobRecord, JobState
from core.jobs.requests import stored_job
from core.jobs.runner import Runner
from core.jobs.store import LEASE_S, JobStore, this_owner
from core.jobs.sweep import sweep
from core.mirror.mirror import Mirror
from core.settings import Settings

_log = logging.getLogger(__name__)

_IDLE_S = 0.5
_THREADS = 64


class Worker:
    """Claims jobs that wait, and jobs whose worker died."""

    def __init__(
        self, settings: Settings, store: JobStore, mirror: Mirror, tell: Callable[[str], None] = _log.info
    ) -> None:
        self._settings, self._store, self._mirror = settings, store, mirror
        self._owner = this_owner()
        self._tell = tell
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Take no more jobs. A running one is given back as it is, for another worker."""
        self._stop.set()

    async def work(self, *, idle_s: float = math.inf) -> int:
        """Run jobs until stopped, or until none has waited for `idle_s` seconds; returns how many were run."""
        alive = asyncio.create_task(self._tell_alive())
        await asyncio.to_thread(sweep, self._settings, self._store, self._mirror)
        try:
            return await self._work(idle_s)
        finally:
            alive.cancel()
            await asyncio.to_thread(self._store.workers.left, self._owner)

    async def _tell_alive(self) -> None:
        while True:
            self._store.workers.seen(self._owner)
            await asyncio.sleep(LEASE_S / 3)

    async def _work(self, idle_s: float) -> int:
        loop = asyncio.get_running_loop()
        # Jobs side by side wait for the disk in threads; none of them may keep another's heartbeat waiting.
        loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="worker"))
        for sign in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(sign, self.stop)
        stop = asyncio.create_task(self._stop.wait())
        running: set[asyncio.Task[None]] = set()
        done, idle_since = 0, time.monotonic()
        while not self._stop.is_set():
            free = len(running) < self._settings.parallel_jobs
            record = await asyncio.to_thread(self._store.claim, self._owner) if free else None
            if record is not None:
                self._tell(f"{record.job_id}: taken")
                running.add(asyncio.create_task(self._one(record)))
                done += 1
                continue
            if running:
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since >= idle_s:
                break
            await asyncio.wait([stop, *running], timeout=_IDLE_S, return_when=asyncio.FIRST_COMPLETED)
            running = {task for task in running if not task.done()}
        await asyncio.gather(*running)
        stop.cancel()
        return done

    async def _one(self, record: JobRecord) -> None:
        try:
            state = await self._run(record)
        except Exception:
            # The store is gone, or full: the job's lease runs out, and another worker takes it up.
            _log.exception("%s could not be run", record.job_id)
            state = None
        self._tell(f"{record.job_id}: {state or 'given back'}")

    async def _run(self, record: JobRecord) -> JobState | None:
        runner = Runner(self._settings, self._store, self._mirror, self._owner)
        run = asyncio.create_task(runner.run(record, stored_job(self._settings, record)))
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([run, stop], return_when=asyncio.FIRST_COMPLETED)
            if run.done():
                return await run
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
            self._store.release(record.job_id, self._owner)
            return None
        except JobError as error:
            _log.warning("%s: %s", record.job_id, error)
            return None
        finally:
            stop.cancel()
