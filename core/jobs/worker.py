"""A worker: takes jobs from the store one after the other and runs each to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable

from core.errors import JobError
from core.jobs.model import JobRecord, JobState
from core.jobs.runner import Runner
from core.jobs.store import JobStore, this_owner
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

    async def work(self, *, until_idle: bool) -> int:
        """Run jobs until stopped, or until none waits; returns how many were run."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(sign, self.stop)
        done = 0
        while not self._stop.is_set():
            record = await asyncio.to_thread(self._store.claim, self._owner)
            if record is not None:
                self._tell(f"{record.job_id}: taken")
                state = await self._run(record)
                self._tell(f"{record.job_id}: {state or 'given back'}")
                done += 1
            elif until_idle:
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
