"""A dry run of a job: what each source would cost, with nothing read and nothing written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
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
from core.text import size, span


@dataclass(frozen=True, slots=True)
class SourceBudget:
    """One source's budget, or why there is none: `note` when there is nothing to reckon, `error` when it failed."""

    source_id: str
    shown: str
    budget: Budget | None
    note: str | None = None
    error: str | None = None
    hint: str = ""

    def lines(self) -> list[str]:
        """What there is to say of it, in words for people; an error is told apart."""
        if self.budget is None:
            return [self.note] if self.note is not None else []
        of = {name: getattr(self.budget, name) for name in (*SUMMED, "seconds")}
        return [*budget_lines(of), *(f"warning: {text}" for text in self.budget.warnings)]

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


_AT_ONCE = 4
SUMMED = tuple(field.name for field in fields(Budget) if field.name not in ("seconds", "warnings"))
"""What budgets of several sources sum up to."""


async def job_budget(
    job: Job,
    settings: Settings,
    mirror: Mirror,
    progress: Sequence[Progress],
    done: Callable[[int, SourceBudget], None] = lambda seq, found: None,
) -> list[SourceBudget]:
    """The budget of each source of a job, a few at once; `progress` has one each, `done` is told each."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(seq: int) -> SourceBudget:
        async with gate:
            found = await source_budget(job, seq, settings, mirror, progress[seq])
        done(seq, found)
        return found

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(seq)) for seq in range(len(job.sources))]
    return [task.result() for task in tasks]


def total_of(found: Sequence[SourceBudget]) -> dict[str, int | float | None]:
    """The sums of all sources that have a budget; `seconds` as if they were read one after the other."""
    budgets = [entry.budget for entry in found if entry.budget is not None]
    total: dict[str, int | float | None] = {name: sum(getattr(entry, name) for entry in budgets) for name in SUMMED}
    known = [entry.seconds for entry in budgets if entry.seconds is not None]
    total["seconds"] = round(sum(known), 3) if len(known) == len(budgets) else None
    return total


def budget_lines(of: Mapping[str, int | float | None]) -> list[str]:
    """A budget's fields, or their sums, in words for people."""

    def number(name: str) -> str:
        return f"{of[name]:,}"

    logs = f", and {number('logs')} logs of lakehouse tables" if of["logs"] else ""
    seconds = of["seconds"]
    took = "not known" if seconds is None else f"about {span(seconds)}, by how fast the listing was answered"
    return [
        f"listed {number('listed')}: {number('to_read')} to read{logs}, {number('unchanged')} unchanged,"
        f" {number('failed')} failed before, {number('ignored')} ignored",
        f"requests: {number('list_requests')} LIST made, {number('get_requests')} GET to come,"
        f" {size(int(of['bytes'] or 0))}",
        f"time: {took}",
    ]


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
