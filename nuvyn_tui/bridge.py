"""The way from the screens to the job store and the mirror: in threads, so that no screen waits.

Screens await answers in exclusive workers; a newer question cancels the older one's waiting, so a
stale answer is never shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.house import House

P = ParamSpec("P")
T = TypeVar("T")


class Bridge:
    """Runs blocking calls in threads; one kind of call never waits for another."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._store = ThreadPoolExecutor(2, thread_name_prefix="store")
        self._mirror = ThreadPoolExecutor(2, thread_name_prefix="mirror")
        self._other = ThreadPoolExecutor(4, thread_name_prefix="other")

    async def store(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """A call of the job store: milliseconds."""
        return await self._in(self._store, lambda: call(*args, **more))

    async def mirror(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """A call of the mirror: it may wait while a worker commits."""
        return await self._in(self._mirror, lambda: call(*args, **more))

    async def other(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Any other call that blocks: files, processes."""
        return await self._in(self._other, lambda: call(*args, **more))

    def close(self) -> None:
        """Let the threads end; what still waits is dropped."""
        for pool in (self._store, self._mirror, self._other):
            pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    async def _in(pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, call)
