"""Once a second: what runs, in words, and a worker where jobs wait and none is alive."""

from __future__ import annotations

import time

from core.house import House
from core.jobs.background import start_worker
from core.text import plural

_PATIENCE_S = 10.0
_started: dict[str, float] = {}


def tend(house: House) -> str:
    """Start a worker when jobs wait for one; returns what runs and waits, in words."""
    running, waiting = house.store.load()
    if waiting and not house.store.workers.alive():
        home, now = str(house.settings.home), time.monotonic()
        if now - _started.get(home, -_PATIENCE_S) >= _PATIENCE_S:
            _started[home] = now
            start_worker(house.settings)
    parts = [f"{plural(running, 'job')} running"] if running else []
    parts += [f"{waiting} waiting"] if waiting else []
    return ", ".join(parts)
