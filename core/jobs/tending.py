"""Once a second: what runs, in words, and a worker where jobs wait and none is alive."""

from __future__ import annotations

import logging
import subprocess
import time

from core.house import House
from core.jobs.background import start_worker
from core.jobs.owners import LEASE_S
from core.text import plural

_log = logging.getLogger(__name__)

_AGAIN_S = 10.0
"""How long to wait after a worker that could not start."""


class Tending:
    """Keeps a worker alive while jobs wait for one."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._worker: subprocess.Popen[bytes] | None = None
        self._begun = 0.0

    def tend(self) -> str:
        """Start a worker when jobs wait and none is alive; returns what runs and waits, in words."""
        store = self._house.store
        running, waiting = store.load()
        parts = [f"{plural(running, 'job')} running"] if running else []
        parts += [f"{waiting} waiting"] if waiting else []
        if waiting and self.failed:
            parts.append("no worker can start, see logs")
        elif waiting and not store.workers.alive() and not self._starting() and store.workers.reserve():
            self._end_stuck()
            self._begun = time.monotonic()
            self._worker = start_worker(self._house.settings)
        return ", ".join(parts)

    def _starting(self) -> bool:
        """Whether the last worker is there, and has not had the time yet that its lease is."""
        there = self._worker is not None and self._worker.poll() is None
        return there and time.monotonic() - self._begun < LEASE_S

    def _end_stuck(self) -> None:
        """A worker that is there and has not told for the length of a lease will never do its jobs."""
        if self._worker is not None and self._worker.poll() is None:
            _log.error("the worker %s does not answer any more: it is ended, and another started", self._worker.pid)
            self._worker.kill()

    @property
    def failed(self) -> bool:
        """Whether the last worker ended badly just now."""
        bad = self._worker is not None and self._worker.poll() not in (None, 0)
        return bad and time.monotonic() - self._begun < _AGAIN_S
