"""A dry run of a job: what each source would cost, with nothing read and nothing written."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from core.budget import Budget, budget
from core.errors import NuvynError
from core.jobs.source_run import SourceTask, place_of, request_of
from core.mirror.mirror import Mirror
from core.payload.models import Job
from core.progress import Progress
from core.retry import RetryingStore
from core.secrets import mask
from core.settings import Settings
from core.sources.locations import Kind
from core.sources.stores.open import open_store


@dataclass(frozen=True, slots=True)
class SourceBudget:
    """One source's budget, or why there is none: `note` when there is nothing to reckon, `error` when it failed."""

    source_id: str
    shown: str
    budget: Budget | None
    note: str | None = None
    error: str | None = None
    hint: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = {"source_id": self.source_id, "source_path": self.shown}
        if self.budget is not None:
            found |= asdict(self.budget)
        if self.note is not None:
            found["note"] = self.note
        if self.error is not None:
            found["error"] = {"message": self.error, "hint": self.hint}
        return found


async def source_budget(job: Job, seq: int, settings: Settings, mirror: Mirror, progress: Progress) -> SourceBudget:
    """The budget of one source of a job; its fault is its answer."""
    source = job.sources[seq]
    task = SourceTask("dry-run", seq, job, source, Path())
    shown = mask(source.path or "")
    try:
        place = place_of(task, settings)
        shown = place.location.shown
        if place.location.kind is Kind.DATABASE:
            return SourceBudget(source.source_id, shown, None, "a database answers from its catalog: nothing is read")
        options = source.options
        inner = open_store(place.location, place.connection, max_concurrency=options.max_concurrency)
        store = RetryingStore(inner, retries=options.retries, max_concurrency=options.max_concurrency)
        try:
            recollect = partial(mirror.remembered, job.workflow_id, source.source_id)
            found = await budget(request_of(task, place.location), store, recollect, progress)
        finally:
            await store.close()
    except NuvynError as error:
        return SourceBudget(source.source_id, shown, None, None, mask(error.message), error.hint)
    return SourceBudget(source.source_id, shown, found)
