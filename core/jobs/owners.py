"""Who owns a job: a process on a host, and whether it still lives."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import time
from concurrent.futures import Future

from core.jobs.database import Database
from core.processes import is_alive

LEASE_S = 15.0
"""How long a worker that stopped answering keeps its jobs, when its process can't be checked."""

STARTING_S = 5.0
"""How long a worker may take to start."""

_LONGEST_LEASE_S = 180.0

_STARTING = ":starting"


def this_owner() -> str:
    """This process as the owner of a job: host, process id and a random part."""
    return owner_of(os.getpid())


def owner_of(pid: int) -> str:
    """A process of this host as the owner of a job."""
    return f"{socket.gethostname()}:{pid}:{os.urandom(4).hex()}"


def is_gone(owner: str | None, lease_until: float | None, now: float) -> bool:
    """Whether an owner is gone: its process on this host is no more, or its lease ran out.

    A process of this host that lives although its lease ran out, or has one longer than any, tells of a clock that was
    set, or of a machine that slept. It is gone only when its lease has stayed as it is for `LEASE_S` of this process's
    own time, which no clock sets.
    """
    if owner is None or lease_until is None:
        return True
    if owner.endswith(_STARTING):
        return lease_until < now
    host, pid, _ = owner.rsplit(":", 2)
    here = host == socket.gethostname()
    if here and not is_alive(int(pid)):
        return True
    if now <= lease_until <= now + _LONGEST_LEASE_S:
        return False
    # Given up by its owner itself, or of a host whose processes cannot be asked.
    if lease_until == 0 or (not here and lease_until < now):
        return True
    return _watch.unchanged_s(owner, lease_until) >= LEASE_S


class _Watch:
    """Since when this process has seen each owner with the lease that it has now, by a clock that is never set."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def unchanged_s(self, owner: str, lease_until: float) -> float:
        now = time.monotonic()
        with self._lock:
            lease, since = self._seen.get(owner, (None, now))
            if lease != lease_until:
                since = now
            self._seen[owner] = (lease_until, since)
        return now - since


_watch = _Watch()


class Workers:
    """The processes that wait for jobs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def seen(self, owner: str) -> Future[None]:
        """Tell, without waiting, that a worker lives; it must tell again within `LEASE_S`."""
        now = time.time()

        def work(c: sqlite3.Connection) -> None:
            c.execute(
                "INSERT INTO workers VALUES (?1, ?2, ?3) ON CONFLICT (owner) DO UPDATE SET lease_until = ?3",
                (owner, now, now + LEASE_S),
            )
            c.execute("DELETE FROM workers WHERE lease_until < ?", (now - LEASE_S,))

        return self._db.submit(work)

    def reserve(self) -> bool:
        """Ask to start a worker: true for one caller of all processes, when none is alive.

        The place is held for `STARTING_S`, until when the worker must have told that it lives.
        """
        now = time.time()

        def work(c: sqlite3.Connection) -> bool:
            rows = c.execute("SELECT owner, lease_until FROM workers").fetchall()
            if any(not is_gone(row["owner"], row["lease_until"], now) for row in rows):
                return False
            place = this_owner().rpartition(":")[0] + _STARTING
            c.execute("INSERT OR REPLACE INTO workers VALUES (?, ?, ?)", (place, now, now + STARTING_S))
            return True

        return self._db.write(work)

    def left(self, owner: str) -> None:
        """Tell that a worker has ended."""
        self._db.write(lambda c: c.execute("DELETE FROM workers WHERE owner = ?", (owner,)) and None)

    def alive(self) -> int:
        """How many workers live; a place that is held for one is none."""
        now = time.time()
        rows = self._db.read("SELECT owner, lease_until FROM workers")
        return sum(
            not row["owner"].endswith(_STARTING) and not is_gone(row["owner"], row["lease_until"], now) for row in rows
        )
