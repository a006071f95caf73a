"""A sync in a thread of its own, so that whoever shows it stays awake and can end it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from core.databricks.faults import SyncStopped
from core.databricks.sync import Sync

T = TypeVar("T")

GRACE_S = 4.0
"""How long a cancelled sync may take to end; a warehouse that does not answer is then left to itself."""


class SyncTask(Generic[T]):
    """One call of a sync: `plan`, or `run`. Its thread does not keep the process from ending."""

    def __init__(self, sync: Sync, call: Callable[[], T]) -> None:
        self.sync = sync
        self.future: Future[T] = Future()
        self._call = call
        self._timer: threading.Timer | None = None
        threading.Thread(target=self._run, name="sync", daemon=True).start()

    def cancel(self) -> None:
        """End it soon. What the warehouse has taken by then is found by the next sync."""
        self.sync.stop.set()
        if self._timer is None:
            self._timer = threading.Timer(GRACE_S, self._give_up)
            self._timer.daemon = True
            self._timer.start()

    def _run(self) -> None:
        try:
            result = self._call()
        except BaseException as error:
            fault = error
            self._end(lambda: self.future.set_exception(fault))
        else:
            self._end(lambda: self.future.set_result(result))

    def _end(self, how: Callable[[], None]) -> None:
        if self.sync.stop.is_set():
            # Before anyone hears of the end: whoever cancelled may leave at once, and nobody else closes it.
            self.sync.close()
        self._settle(how)
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self) -> None:
        self._settle(lambda: self.future.set_exception(SyncStopped()))

    def _settle(self, how: Callable[[], None]) -> None:
        with _settling:
            if not self.future.done():
                how()


_settling = threading.Lock()
