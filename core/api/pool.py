"""Threads for calls to the outside that may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Pool:
    """Threads for calls that may hang: so many at once, and none that waits for its turn.

    A call that hangs keeps its own thread, which does not keep the process from ending.
    """

    def __init__(self, most: int, name: str) -> None:
        self._slots = threading.Semaphore(most)
        self._name = name

    def submit(self, call: Callable[[Callable[[], T]], T], work: Callable[[], T]) -> Future[T]:
        """Run `call(work)` in a thread; raises `Full` when there is none."""
        if not self._slots.acquire(blocking=False):
            raise Full
        done: Future[T] = Future()

        def run() -> None:
            # From here on nobody can cancel it.
            done.set_running_or_notify_cancel()
            try:
                result = call(work)
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)
            finally:
                self._slots.release()

        threading.Thread(target=run, name=self._name, daemon=True).start()
        return done


class Full(Exception):
    """All threads of a pool are taken."""
