"""Jobs that hold the same source of the same workflow have it one after the other.

Each would replace the other's rows as a whole, so nothing would be mixed; but the one that began earlier and ended
later would put older rows in the place of newer ones.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable

from core.jobs.database import Database
from core.jobs.model import JobState, SourceState
from core.jobs.owners import is_gone

_LOOK_S = 0.2
_OPEN = tuple(state.value for state in SourceState if not state.ended)
_STATES = ", ".join(f"'{state}'" for state in _OPEN)
# Earlier tickets for the same source, where neither job has ended with it, of jobs that run.
_AHEAD = f"""
SELECT mine.seq, jobs.job_id, jobs.owner, jobs.lease_until FROM turns AS mine
JOIN sources AS own ON own.job_id = mine.job_id AND own.seq = mine.seq AND own.state IN ({_STATES})
JOIN turns AS other ON other.workflow_id = mine.workflow_id AND other.source_id = mine.source_id
    AND other.ticket < mine.ticket AND other.job_id <> mine.job_id
JOIN jobs ON jobs.job_id = other.job_id AND jobs.state = '{JobState.RUNNING}'
JOIN sources ON sources.job_id = other.job_id AND sources.seq = other.seq
    AND sources.state IN ({_STATES})
WHERE mine.job_id = ? ORDER BY other.ticket
"""


class Turns:
    """The tickets of jobs for their sources, in the job store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def take(self, job_id: str, workflow_id: str, sources: Iterable[tuple[int, str]]) -> None:
        """Queue a job for its sources, given as (seq, source_id), behind all that are queued by now."""
        values = [(workflow_id, source_id, job_id, seq) for seq, source_id in sources]

        def work(c: sqlite3.Connection) -> None:
            c.execute("DELETE FROM turns WHERE job_id = ?", (job_id,))
            c.executemany("INSERT INTO turns (workflow_id, source_id, job_id, seq) VALUES (?, ?, ?, ?)", values)

        self._db.write(work)

    def ahead(self, job_id: str) -> dict[int, str]:
        """The sources whose turn has not come, by seq, with the job whose turn it is.

        A job whose worker is gone holds up nobody: who takes it up queues anew.
        """
        now = time.time()
        found: dict[int, str] = {}
        for row in self._db.read(_AHEAD, job_id):
            if not is_gone(row["owner"], row["lease_until"], now):
                found.setdefault(row["seq"], row["job_id"])
        return found


class Waiting:
    """The sources of one job that wait for their turn."""

    def __init__(self, turns: Turns, job_id: str, seqs: Iterable[int], tell: Callable[[int, str], None]) -> None:
        self._turns, self._job_id, self._tell = turns, job_id, tell
        self._come = {seq: asyncio.Event() for seq in seqs}

    async def turn(self, seq: int) -> None:
        """Wait until it is a source's turn."""
        await self._come[seq].wait()

    async def watch(self) -> None:
        """Look whose turn has come, until all have: nobody comes before who waits. `tell` hears of each wait once."""
        told: set[int] = set()
        while True:
            ahead = await asyncio.to_thread(self._turns.ahead, self._job_id)
            for seq, event in self._come.items():
                if seq not in ahead:
                    event.set()
                elif seq not in told:
                    told.add(seq)
                    self._tell(seq, ahead[seq])
            if not ahead:
                return
            await asyncio.sleep(_LOOK_S)
