"""What a run would cost, reckoned after listing and before reading."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from core.catalog import FileStatus
from core.formats.detect import first_span
from core.listing import Files
from core.memory import Recollect, reader_key
from core.planning import Request, list_objects, plan_reads, recall
from core.progress import Phase, Progress
from core.schemas import SchemaPool
from core.sources.stores.base import Store

# Of reading one small file, on one core; what no server is quick enough to fall below.
_CPU_S = 0.000_15


@dataclass(frozen=True, slots=True)
class Budget:
    """What one source holds and what reading it would take.

    `failed` counts files that cannot be read and have not changed since that was found out. `logs` counts lakehouse
    tables whose log is to be read, at some requests each; their files are listed, and in none of the other counts.
    `list_requests` were made, `get_requests` and `bytes` are to come: one range a file, more where a footer is larger
    than that. `seconds` are about what reading takes; None when nothing is known of how fast the source answers.
    """

    listed: int
    ignored: int
    unchanged: int
    failed: int
    to_read: int
    logs: int
    list_requests: int
    get_requests: int
    bytes: int
    seconds: float | None
    warnings: tuple[str, ...]


async def budget(request: Request, store: Store, recollect: Recollect | None, progress: Progress) -> Budget:
    """List a source and reckon what a run of it would read; nothing is read and nothing is kept.

    Raises:
        SourceError: it could not be listed.
    """
    warnings: list[str] = []
    progress.phase = Phase.LISTING
    began = time.monotonic()
    listing = await list_objects(request, store, progress, warnings)
    listed_s = time.monotonic() - began
    pool = SchemaPool()
    key = reader_key(request.read)
    memory = await asyncio.to_thread(recall, request, listing, key, pool, recollect)
    plan = await asyncio.to_thread(plan_reads, request, listing, memory, pool)
    lists = store.requests["LIST"]
    counts = plan.ledger.counts()
    files = Files(listing, plan.to_read)
    spans = (first_span(file.key, file.size, request.read) for file in files)
    reads = len(plan.to_read)
    return Budget(
        listed=len(listing),
        ignored=counts[FileStatus.IGNORED],
        unchanged=counts[FileStatus.UNCHANGED],
        failed=counts[FileStatus.FAILED],
        to_read=reads,
        logs=sum(held.facts is None for held in plan.lakehouses),
        list_requests=lists,
        get_requests=reads,
        bytes=sum(end - start for start, end in spans),
        seconds=_seconds(reads, listed_s / lists, request.max_concurrency) if lists else None,
        warnings=tuple(warnings),
    )


def _seconds(reads: int, answer_s: float, at_once: int) -> float:
    """A request answered as a page of the listing was, so many at once; the first reads are no quicker than one."""
    return max(reads * _CPU_S, answer_s * -(-reads // at_once)) if reads else 0.0
