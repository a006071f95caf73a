"""One source, start to end: list it, read what is new, group it into tables, give rows.

A pure pipeline: it knows no jobs, no databases and no screens. It gets a store, what is
remembered of the last run, and counters to write progress to; it gives rows to a sink and
returns the sums. Cancelling its task stops it.

Listing ends before reading starts: only then is it known which folders are lakehouse tables,
whose files must not be read one by one, and how many files there are to read.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from itertools import islice

from core.assemble import Assembled, assemble
from core.catalog import FileStatus
from core.emit import Sink, emit
from core.engines.accounts import Result, read_accounts
from core.engines.base import Engine, Outcome
from core.engines.local import read_files
from core.engines.streak import Streak
from core.lakehouse.registry import READERS as TABLE_FORMATS
from core.ledger import Ledger
from core.listing import Files
from core.memory import Memory, Recollect, reader_key
from core.planning import Plan, Request, list_objects, plan_reads, recall
from core.progress import Phase, Progress
from core.schemas import SchemaPool
from core.sources.stores.base import Store

FILE_TIMEOUT_S = 120.0
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Extraction:
    """The sums of one source: `listed = read + unchanged + ignored + unknown + failed`.

    `ignored` counts by reason, `failures` names at most a hundred files with why.
    """

    listed: int
    counts: dict[str, int]
    ignored: dict[str, int]
    total_size_bytes: int
    tables_found: int
    columns_found: int
    requests: dict[str, int]
    warnings: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    complete: bool = True
    """Whether all that is there was listed."""

    @property
    def files_found(self) -> int:
        """Every object that is no marker: read, unchanged, unknown or failed."""
        return self.listed - self.counts[FileStatus.IGNORED]


async def extract(
    request: Request,
    store: Store,
    recollect: Recollect | None,
    sink: Sink,
    progress: Progress,
    engine: Engine = read_files,
) -> Extraction:
    """Extract one source into `sink`: what `recollect` knows is not read again, the rest is by `engine`.

    Raises:
        SourceError: it could not be listed, or nothing of it could be read. Rows may have been
            given to the sink by then; they are not to be used.
    """
    warnings: list[str] = []
    progress.phase = Phase.LISTING
    listing = await list_objects(request, store, progress, warnings)

    key = reader_key(request.read)
    pool = SchemaPool()
    # What takes seconds for many files runs in a thread, so that the loop goes on answering.
    memory = await asyncio.to_thread(recall, request, listing, key, pool, recollect)
    plan = await asyncio.to_thread(plan_reads, request, listing, memory, pool)
    progress.phase = Phase.READING
    streak = Streak()
    await _read_logs(request, store, plan, pool, memory, streak, progress, warnings)
    del memory
    await _read_files(request, store, plan, streak, progress, engine)
    streak.end()
    progress.phase = Phase.GROUPING
    progress.requests = store.requests.total()
    done = await asyncio.to_thread(_tables, request, plan, key, sink)
    progress.tables = len(done.tables)
    return _sums(plan.ledger, done, store, warnings)


async def _read_logs(
    request: Request,
    store: Store,
    plan: Plan,
    pool: SchemaPool,
    memory: Memory,
    streak: Streak,
    progress: Progress,
    warnings: list[str],
) -> None:
    """Read the logs of lakehouse tables that changed.

    Live files whose rows only they themselves tell join those to be read.
    """
    fresh = [held for held in plan.lakehouses if held.facts is None]
    progress.to_read = len(fresh) + len(plan.to_read)

    def deliver(index: int, result: Result) -> None:
        held = fresh[index]
        found = list(held.claim(result, pool, memory, count_rows=request.read.row_counts != "none"))
        plan.to_read.extend(held.entries[key].at for key in found)
        progress.to_read = len(fresh) + len(plan.to_read)
        progress.requests = store.requests.total()
        if result.error is not None:
            where = held.lakehouse.root or request.root_name
            warnings.append(f"{where}: this {held.lakehouse.kind} table's log cannot be read: {result.error}")

    await read_accounts(
        store,
        [held.folder for held in fresh],
        max_concurrency=request.max_concurrency,
        step_timeout_s=FILE_TIMEOUT_S,
        streak=streak,
        progress=progress,
        deliver=deliver,
    )


async def _read_files(
    request: Request,
    store: Store,
    plan: Plan,
    streak: Streak,
    progress: Progress,
    engine: Engine,
) -> None:
    options = replace(request.read, only=None) if request.read.only in TABLE_FORMATS else request.read

    def deliver(index: int, outcome: Outcome) -> None:
        plan.ledger.settle(plan.to_read[index], outcome)
        progress.requests = store.requests.total()

    await engine(
        store,
        Files(plan.ledger.listing, plan.to_read),
        options,
        max_concurrency=request.max_concurrency,
        file_timeout_s=FILE_TIMEOUT_S,
        streak=streak,
        progress=progress,
        deliver=deliver,
    )


def _tables(request: Request, plan: Plan, key: str, sink: Sink) -> Assembled:
    for held in plan.lakehouses:
        held.conclude(request.root_name, count_rows=request.read.row_counts != "none")
    done = assemble(plan.ledger, plan.lakehouses, request.root_name, request.tables, request.read.sample_values)
    emit(request.workflow_id, request.source_id, request.source_path, key, plan.ledger, done, sink)
    return done


def _sums(ledger: Ledger, done: Assembled, store: Store, warnings: list[str]) -> Extraction:
    counts = ledger.counts()
    failed = ((entry.file.key, entry.error or "") for entry in ledger.having(FileStatus.FAILED))
    if failures := counts[FileStatus.FAILED]:
        warnings.append(f"{failures} file{'s' * (failures > 1)} could not be read")
    return Extraction(
        listed=len(ledger),
        counts={status.value: counts[status] for status in FileStatus},
        ignored=dict(sorted(ledger.reasons().items())),
        total_size_bytes=ledger.size - sum(entry.file.size for entry in ledger.having(FileStatus.IGNORED)),
        tables_found=len(done.tables),
        columns_found=sum(len(table.columns) for table in done.tables),
        requests=dict(store.requests),
        warnings=tuple(warnings),
        failures=tuple(islice(failed, _MOST_NAMED)),
        complete=getattr(store, "complete", True),
    )
