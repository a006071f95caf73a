"""Work for an event loop, run in a thread that has none: whoever waits for it may stop it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Attempt(Generic[T]):
    """One coroutine, run on a loop of its own in the thread that calls `run`; another thread may stop it."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[T]] | None = None
        self._stopped = False

    def run(self) -> T | None:
        """What it gives, or None when it was stopped; raises what it raises."""
        try:
            return asyncio.run(self._run())
        except asyncio.CancelledError:
            return None

    async def _run(self) -> T:
        task = asyncio.ensure_future(self._work())
        with self._lock:
            self._running = (asyncio.get_running_loop(), task)
            if self._stopped:
                task.cancel()
        try:
            return await task
        finally:
            with self._lock:
                self._running = None

    def stop(self) -> None:
        """End it; what waits for an answer lets go."""
        with self._lock:
            self._stopped = True
            if self._running is not None:
                loop, task = self._running
                loop.call_soon_threadsafe(task.cancel)
