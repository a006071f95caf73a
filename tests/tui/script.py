"""A job whose worker is the test: it moves sources and counters as it likes."""

from __future__ import annotations

from core.jobs.model import SourceState
from core.jobs.owners import this_owner
from core.jobs.store import JobStore
from core.progress import Phase, Progress

ODD_NAMES = ("a[/foo]b", "x[red]y", "smile \U0001f600", "n" * 300, "tab\tbell\x07esc\x1b[31m")


class ScriptedJob:
    """A running job that this process owns."""

    def __init__(self, store: JobStore, *source_ids: str, workflow_id: str = "scripted") -> None:
        self.store, self.source_ids = store, source_ids
        paths = [{"source_id": name, "data_source_path": "/nowhere"} for name in source_ids]
        payload = {"workflow_id": workflow_id, "sources": paths}
        self.job_id = store.create(
            workflow_id=workflow_id, tenant_id="t", payload=payload, source_ids=source_ids, owner=this_owner()
        )

    def run(self, *seqs: int) -> None:
        """Sources begin."""
        for seq in seqs:
            self.store.move_source(self.job_id, seq, SourceState.RUNNING)

    def read(self, done: int, of: int) -> None:
        """All sources have read so many files."""
        counters = Progress(phase=Phase.READING, listed=of, to_read=of, done=done, bytes_read=done * 100, requests=done)
        self.store.put_progress(self.job_id, [(seq, counters) for seq in range(len(self.source_ids))]).result()

    def fail(self, seq: int, error: str, hint: str = "") -> None:
        self.store.move_source(self.job_id, seq, SourceState.FAILED, error=error, hint=hint)

    def succeed(self, seq: int, files: int = 3, tables: int = 2) -> None:
        found = {"files_found": files, "total_size_bytes": 1000, "tables_found": tables, "columns_found": 5}
        self.store.move_source(self.job_id, seq, SourceState.SUCCESS, result={"metadata": found})
