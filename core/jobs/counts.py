"""Counts over all jobs, for lists, statistics and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.jobs.database import Database

DURATIONS_S = (1, 5, 15, 60, 300, 900, 3600, 14400)
"""Upper bounds of the histogram of how long jobs run."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs and sources by state, what was found, and the durations of the `ended` jobs that had begun.

    `durations` are (upper bound in seconds, how many jobs took no longer); `seconds` is their sum.
    """

    jobs: Mapping[str, int]
    sources: Mapping[str, int]
    files: int
    bytes: int
    tables: int
    requests: int
    ended: int
    seconds: float
    durations: tuple[tuple[int, int], ...]
    events: int


def count_all(database: Database) -> Counts:
    """The counts as of now; a pass over the jobs, without their payloads and answers."""
    jobs = database.read("SELECT state, count(*) AS n FROM jobs GROUP BY state")
    sources = database.read("SELECT state, count(*) AS n FROM sources GROUP BY state")
    [found] = database.read(
        "SELECT coalesce(sum(files), 0) AS files, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(tables), 0) AS tables,"
        " (SELECT coalesce(sum(requests), 0) FROM progress) AS requests,"
        " (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events') AS events FROM found"
    )
    sums = ", ".join(f"coalesce(sum(took <= {bound}), 0) AS le_{bound}" for bound in DURATIONS_S)
    [took] = database.read(
        f"SELECT count(*) AS ended, coalesce(sum(took), 0) AS seconds, {sums} FROM"
        " (SELECT ended_at - started_at AS took FROM jobs WHERE ended_at IS NOT NULL AND started_at IS NOT NULL)"
    )
    return Counts(
        jobs={row["state"]: row["n"] for row in jobs},
        sources={row["state"]: row["n"] for row in sources},
        files=found["files"],
        bytes=found["bytes"],
        tables=found["tables"],
        requests=found["requests"],
        ended=took["ended"],
        seconds=float(took["seconds"]),
        durations=tuple((bound, took[f"le_{bound}"]) for bound in DURATIONS_S),
        events=found["events"],
    )
