"""What a home folder holds: jobs, the rows of the mirror, and files that do not belong there."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

# What differs from run to run.
_OF_A_RUN = {"job_id", "extraction_timestamp", "duration_s", "started_at", "finished_at", "detected_at", "run_id"}
_OF_A_RUN |= {"attempts"}
_TABLES = ("sources", "tables", "columns", "files", "schema_changes", "executor_runs")
_LASTING = {"jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm", "mirror.duckdb", "mirror.duckdb.lock"}
_LASTING |= {"mirror.duckdb.size", "mirror.duckdb.wal", "logs", "runs", "config.toml", "payload.json", "drafts"}
_LASTING |= {"jobs.sqlite.v0"}


def look(home: str) -> dict[str, Any]:
    """Jobs with their sources' states, the mirror's rows by source and table, and names of other files."""
    folder = Path(home)
    return {"jobs": _jobs(folder), "rows": _rows(folder), "left": _left(folder)}


def _jobs(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "jobs.sqlite")) as store:
        store.row_factory = sqlite3.Row
        assert [tuple(row) for row in store.execute("PRAGMA integrity_check")] == [("ok",)]
        jobs = store.execute("SELECT job_id, state, owner, answer FROM jobs ORDER BY created_at, job_id").fetchall()
        return [
            {
                "job_id": job["job_id"],
                "state": job["state"],
                "owner": job["owner"],
                "answer": None if job["answer"] is None else json.loads(job["answer"]),
                "sources": [
                    row["state"]
                    for row in store.execute(
                        "SELECT state FROM sources WHERE job_id = ? ORDER BY seq", (job["job_id"],)
                    )
                ],
            }
            for job in jobs
        ]


def _rows(folder: Path) -> dict[str, dict[str, list[str]]]:
    """By source and table, each row as text without what differs from run to run."""
    path = folder / "mirror.duckdb"
    found: dict[str, dict[str, list[str]]] = {}
    if not path.exists():
        return found
    with duckdb.connect(":memory:") as mirror:
        mirror.execute(f"ATTACH '{path}' AS hive_metastore (READ_ONLY)")
        for table in _TABLES:
            rows = mirror.sql(f"FROM hive_metastore._executor_metadata.{table}").to_arrow_table().to_pylist()
            for row in rows:
                kept = {name: value for name, value in row.items() if name not in _OF_A_RUN}
                found.setdefault(row["source_id"], {}).setdefault(table, []).append(repr(sorted(kept.items())))
    return {
        source: {name: sorted(rows) for name, rows in sorted(tables.items())}
        for source, tables in sorted(found.items())
    }


def _left(folder: Path) -> list[str]:
    found = [path.name for path in folder.iterdir() if path.name not in _LASTING]
    return sorted(found + [f"runs/{path.name}" for path in (folder / "runs").glob("*")])
