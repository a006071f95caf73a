"""A worker: takes jobs from the store one after the other and runs each to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable

from core.errors import JobError
from core.jobs.model import JobRecord, JobState
from core.jobs.runner import Runner
from core.jobs.store import LEASE_S, JobStore, this_owner
from core.mirror.mirror import Mirror
from core.payload.load import check
from core.settings import Settings

_log = logging.getLogger(__name__)

_IDLE_S = 0.5


class Worker:
    """Claims jobs that wait, and jobs whose worker died."""

    def __init__(
        self, settings: Settings, store: JobStore, mirror: Mirror, tell: Callable[[str], None] = _log.info
    ) -> None:
        self._settings, self._store, self._mirror = settings, store, mirror
        self._owner = this_owner()
        self._tell = tell
        self._stop = asyncio.Event()
        self._runner: Runner | None = None

    def stop(self) -> None:
        """Take no more jobs. A running one is given back as it is, for another worker."""
        self._stop.set()

    async def work(self, *, idle_s: float = math.inf) -> int:
        """Run jobs until stopped, or until none has waited for `idle_s` seconds; returns how many were run."""
        alive = asyncio.create_task(self._tell_alive())
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
        for sign in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(sign, self.stop)
        done, idle_since = 0, time.monotonic()
        while not self._stop.is_set():
            record = await asyncio.to_thread(self._store.claim, self._owner)
            if record is not None:
                self._tell(f"{record.job_id}: taken")
                state = await self._run(record)
                self._tell(f"{record.job_id}: {state or 'given back'}")
                done, idle_since = done + 1, time.monotonic()
            elif time.monotonic() - idle_since >= idle_s:
                break
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), _IDLE_S)
        return done

    async def _run(self, record: JobRecord) -> JobState | None:
        job = check(record.payload, defaults=self._settings.options).job
        assert job is not None, "only accepted payloads are stored"
        runner = Runner(self._settings, self._store, self._mirror, self._owner)
        run = asyncio.create_task(runner.run(record, job))
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
