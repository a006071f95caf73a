"""What the calls work on: the opened home folder, the rules for callers, and what keeps jobs going."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from functools import partial
from typing import Annotated, ParamSpec, TypeVar

from fastapi import Depends, Request

from core.api.errors import ApiError, refused
from core.api.feeds import Feeds
from core.api.metrics import Metrics
from core.api.pool import Full, Pool
from core.caller_rules import CallerRules
from core.callers import refusals
from core.house import House
from core.jobs.background import carries_secrets, hand_over
from core.jobs.requests import anchored, create
from core.jobs.tending import Tending
from core.payload.models import Job

_log = logging.getLogger(__name__)

_TEND_S = 1.0
_THREADS = 32
_MOST_HANDED = 16
"""Jobs with secrets run in processes of their own; so many at once, and further ones must come again."""

P = ParamSpec("P")
T = TypeVar("T")


class Backend:
    """Front end of one home folder. It extracts nothing: jobs go to the store, and a worker runs them."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.store = house.store
        self.settings = house.settings
        self.rules = CallerRules.of(house.settings)
        self.feeds = Feeds(house.store)
        self.metrics = Metrics(house)
        self.probes = Pool(8, "probe")
        self.warehouses = Pool(4, "warehouse")
        self._tending = Tending(house)
        self._asked = asyncio.Event()
        self._lock = threading.Lock()
        self._handed: list[subprocess.Popen[bytes]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tend to the worker until the server ends."""
        # Creates wait for the disk in threads, and some for a name to be looked up.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="api"))
        tending = asyncio.create_task(self._tend())
        try:
            yield
        finally:
            tending.cancel()
            with suppress(asyncio.CancelledError):
                await tending
            self.feeds.close()

    async def in_pool(self, pool: Pool, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """A call to the outside that may take long, in a thread of a pool; it knows this call's secrets.

        Raises:
            ApiError: 503, all threads of the pool are taken.
        """
        try:
            running = pool.submit(copy_context().run, partial(call, *args, **more))
        except Full:
            raise _busy("as many of these as can be run just now") from None
        return await asyncio.wrap_future(running)

    @property
    def worker_fails(self) -> bool:
        """Whether the last worker that was started ended badly just now."""
        return self._tending.failed

    def submit(self, job: Job, key: str | None) -> tuple[str, bool]:
        """Make a caller's job; returns its id, and whether it is new. Blocks until it is on disk.

        Raises:
            ApiError: the rules refuse it, or too many jobs wait.
            KeyReused: the key made a job of another payload.
        """
        if problems := refusals(job, self.settings, self.rules):
            raise refused(problems)
        job = anchored(job, self.settings)
        if key is not None and self.store.made_with(key) is not None:
            return create(self.store, job, rules=self.rules, key=key), False
        waiting = self.store.waiting()
        if waiting >= self.settings.api_max_waiting:
            raise _busy(f"{waiting} jobs wait already")
        if not carries_secrets(job):
            return create(self.store, job, rules=self.rules, key=key), True
        with self._lock:
            self._handed = [process for process in self._handed if process.poll() is None]
            if len(self._handed) >= _MOST_HANDED:
                raise _busy(f"{_MOST_HANDED} jobs with secrets of their own run already")
            job_id, process = hand_over(self.settings, self.store, job, rules=self.rules, key=key)
            self._handed.append(process)
        return job_id, True

    def hurry(self) -> None:
        """Look after the worker now: a job waits."""
        self._asked.set()

    async def _tend(self) -> None:
        while True:
            self._asked.clear()
            try:
                await asyncio.to_thread(self._tending.tend)
            except Exception:
                _log.exception("no worker could be looked after")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _TEND_S)


def _busy(text: str) -> ApiError:
    return ApiError(503, text, "send it again later")


def backend(request: Request) -> Backend:
    """The backend of the server that a call came to."""
    found: Backend = request.app.state.backend
    return found


Back = Annotated[Backend, Depends(backend)]
"""What every call asks for."""
