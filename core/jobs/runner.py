"""Runs one job and keeps its lease: until it ends, is cancelled, or another worker has it."""

from __future__ import annotations

import asyncio
import logging

from core.jobs.job_run import JobRun
from core.jobs.model import JobRecord, JobState
from core.jobs.store import JobStore
from core.mirror.mirror import Mirror
from core.payload.models import Job
from core.settings import Settings

_log = logging.getLogger(__name__)

_TICK_S = 0.2
_BEATS_EVERY = 5  # ticks between heartbeats


class Runner:
    """Runs jobs that `owner` has claimed."""

    def __init__(self, settings: Settings, store: JobStore, mirror: Mirror, owner: str) -> None:
        self._settings = settings
        self._store = store
        self._mirror = mirror
        self._owner = owner
        self._cancel = asyncio.Event()

    def cancel(self) -> None:
        """Stop the running job; what has been committed stays."""
        self._cancel.set()

    async def run(self, record: JobRecord, job: Job) -> JobState:
        """Run a job to its end and store its answer.

        `job` is the payload with its secrets when this process has them, else as stored.

        Raises:
            JobError: another worker has taken the job over.
        """
        run = JobRun(self._settings, self._store, self._mirror, record, job)
        work = asyncio.create_task(run.everything())
        beat = asyncio.create_task(self._beat(record.job_id, run))
        asked = asyncio.create_task(self._cancel.wait())
        try:
            await asyncio.wait([work, beat, asked], return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                run.cancelled = asked.done() or (beat.done() and beat.exception() is None)
                work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                pass
            except Exception as error:
                run.give_up(error)
            if beat.done() and (lost := beat.exception()) is not None:
                raise lost
        finally:
            for task in (work, beat, asked):
                task.cancel()
            await asyncio.gather(work, beat, asked, return_exceptions=True)
        return await run.finish()

    async def _beat(self, job_id: str, run: JobRun) -> None:
        """Write progress and renew the lease; returns when cancel was asked for elsewhere."""
        tick = 0
        while True:
            self._store.put_progress(job_id, run.progress.items())
            if tick % _BEATS_EVERY == 0:
                asked = await asyncio.to_thread(self._store.heartbeat, job_id, self._owner)
                if asked.cancel:
                    return
                run.drop(asked.sources)
            tick += 1
            await asyncio.sleep(_TICK_S)
