"""The way from the screens to the job store and the mirror: in threads, so that no screen waits.

Screens await answers in exclusive workers; a newer question cancels the older one's waiting, so a
stale answer is never shown.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.house import House

P = ParamSpec("P")
T = TypeVar("T")


class Bridge:
    """Runs blocking calls in threads; one kind of call never waits for another."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._store = ThreadPoolExecutor(2, thread_name_prefix="store")

    async def store(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """A call of the job store: milliseconds."""
        return await asyncio.wrap_future(self._store.submit(call, *args, **more))

    async def mirror(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """A call of the mirror: it may wait while a worker commits."""
        return await asyncio.wrap_future(_in_thread(lambda: call(*args, **more), "mirror"))

    async def other(self, call: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Any other call that blocks: files, processes, a source that may never answer."""
        return await asyncio.wrap_future(_in_thread(lambda: call(*args, **more), "other"))

    def close(self) -> None:
        """Wait for what asks the job store, so that it can be closed; nothing else is waited for."""
        self._store.shutdown(cancel_futures=True)


def _in_thread(call: Callable[[], T], name: str) -> Future[T]:
    """Run a call in a thread of its own, which does not keep the process from ending."""
    done: Future[T] = Future()

    def run() -> None:
        if not done.set_running_or_notify_cancel():
            return
        try:
            result = call()
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done
