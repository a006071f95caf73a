"""One source of a job, from its payload entry to a sealed stage."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from core import __version__
from core.backoff import backoff
from core.caller_rules import CallerRules
from core.callers import Reach, reach
from core.databases.open import open_database
from core.engines.base import Engine
from core.engines.local import read_files
from core.errors import Fault, NuvynError, SourceError
from core.extract import Extraction, extract
from core.extract_database import STATEMENT_TIMEOUT_S, extract_database
from core.formats.base import ReadOptions
from core.globs import table_matcher
from core.grouping import Named
from core.jobs.answer import MAX_FILES, listed_files, listed_tables
from core.jobs.shrink import check_shrink
from core.mirror.mirror import Mirror
from core.payload.models import Job, Options, Source
from core.planning import Request
from core.progress import Phase, Progress
from core.retry import RetryingStore
from core.secrets import mask, mask_url
from core.settings import Settings
from core.sources.locations import Kind, Location, format_of, root_name
from core.sources.stores.open import open_store
from core.stage import Stage

Note = Callable[[str, str], None]
"""Takes the level and the text of an event."""


@dataclass(frozen=True, slots=True)
class SourceTask:
    """What a source's run needs: its place in the job, its payload entry, and where to stage."""

    job_id: str
    seq: int
    job: Job
    source: Source
    folder: Path
    rules: CallerRules | None = None


def place_of(task: SourceTask, settings: Settings) -> Reach:
    """Where a source is, and what opens it.

    Raises:
        NuvynError: its path can't be placed, its connection isn't known, or a caller may not name it.
    """
    source = task.source
    if source.path is None:
        raise SourceError(Fault.NOT_FOUND, f"source {source.source_id} has no data_source_path")
    if "***" in source.path:
        raise SourceError(
            Fault.CREDENTIALS,
            f"the secret in the path of source {source.source_id} was not kept",
            hint="secrets are never stored: run the payload again, or put the secret into a connection",
        )
    return reach(source.path, source.type, source.connection, settings, task.rules)


async def run_source(
    task: SourceTask,
    settings: Settings,
    mirror: Mirror,
    progress: Progress,
    note: Note,
    count_attempt: Callable[[], int],
) -> Stage:
    """Extract one source into a sealed stage, trying again what is transient.

    The seal's summary is the source's entry in the answer. Returns the stage.

    Raises:
        NuvynError: the source failed for good.
        asyncio.CancelledError: it was cancelled; the stage is gone.
    """
    options = task.source.options
    try:
        async with asyncio.timeout(options.timeout_s):
            return await _attempts(task, settings, mirror, progress, note, count_attempt)
    except TimeoutError:
        raise SourceError(
            Fault.TIMEOUT,
            f"source {task.source.source_id} took longer than timeout_s = {options.timeout_s:g}",
            hint="raise timeout_s, or split the source",
        ) from None


async def _attempts(
    task: SourceTask,
    settings: Settings,
    mirror: Mirror,
    progress: Progress,
    note: Note,
    count_attempt: Callable[[], int],
) -> Stage:
    retries = task.source.options.retries
    for attempt in range(retries + 1):
        number = count_attempt()
        stage = Stage.begin(task.folder)
        try:
            return await _attempt(task, settings, mirror, progress, note, stage, number)
        except SourceError as error:
            stage.remove()
            if not error.transient or attempt == retries:
                raise
            wait = backoff(attempt, retry_after=error.retry_after)
            note("warning", f"attempt {number} failed: {error.message}; trying again in {wait:.1f} s")
            progress.restart(Phase.RETRYING)
            await asyncio.sleep(wait)
        except BaseException:
            stage.remove()
            raise
    raise AssertionError("the loop returns or raises")


async def _attempt(
    task: SourceTask,
    settings: Settings,
    mirror: Mirror,
    progress: Progress,
    note: Note,
    stage: Stage,
    number: int,
) -> Stage:
    started, began = datetime.now(UTC).replace(tzinfo=None), time.monotonic()
    options = task.source.options
    place = place_of(task, settings)
    location = place.location
    progress.phase = Phase.CONNECTING
    if location.kind is Kind.DATABASE:
        done = await _extract_database(task, place, stage, progress)
    else:
        inner = open_store(location, place.connection, max_concurrency=options.max_concurrency, guard=place.guard)
        store = RetryingStore(inner, retries=options.retries, max_concurrency=options.max_concurrency)
        try:
            engine = _engine(settings, place, options)
            recollect = partial(mirror.remembered, task.job.workflow_id, task.source.source_id)
            done = await extract(request_of(task, location), store, recollect, stage, progress, engine)
        finally:
            await store.close()
    for text in done.warnings:
        note("warning", text)
    for key, reason in done.failures:
        note("warning", f"{key}: {mask(reason)}")
    if not options.accept_shrink:
        names = (task.job.workflow_id, task.source.source_id, location.shown)
        check_shrink(await asyncio.to_thread(mirror.held, *names), done, most=options.max_files)
    finished = datetime.now(UTC).replace(tzinfo=None)
    who = {"workflow_id": task.job.workflow_id, "source_id": task.source.source_id}
    stage.write_rows(
        "sources",
        [
            who
            | {
                "source_path": location.shown,
                "source_type": location.kind.value,
                "extraction_timestamp": finished,
                "files_found": done.files_found,
                "total_size_bytes": done.total_size_bytes,
                "tables_found": done.tables_found,
                "columns_found": done.columns_found,
                "files_failed": done.counts["failed"],
                "job_id": task.job_id,
                "duration_s": time.monotonic() - began,
            }
        ],
    )
    stage.write_rows("executor_runs", [run_row(task, "success", None, started, finished, number, done)])
    stage.flush()
    stage.seal(_summary(task, location, done, stage))
    return stage


def _engine(settings: Settings, place: Reach, options: Options) -> Engine:
    """What reads the files. A guard knows what this machine may reach, so what is guarded is read here."""
    if settings.engine == "local" or place.guard is not None:
        return read_files
    from core.engines.spark import SparkEngine

    return SparkEngine(
        settings.spark_remote, place.location, place.connection, dict(os.environ), retries=options.retries
    )


async def _extract_database(task: SourceTask, place: Reach, stage: Stage, progress: Progress) -> Extraction:
    location, timeout = place.location, task.source.options.timeout_s or STATEMENT_TIMEOUT_S
    opened, catalog = open_database(location, place.connection, statement_timeout_s=timeout, guard=place.guard)
    request = request_of(task, location)
    try:
        return await extract_database(request, opened, catalog, location.scheme, stage, progress)
    finally:
        await asyncio.to_thread(opened.close)


def run_row(
    task: SourceTask,
    status: str,
    error: str | None,
    started: datetime,
    finished: datetime,
    attempts: int,
    done: Extraction | None,
) -> dict[str, Any]:
    """One row of `executor_runs`."""
    return {
        "run_id": f"{task.job_id}:{task.seq}:{attempts}",
        "executor_version": __version__,
        "workflow_id": task.job.workflow_id,
        "source_id": task.source.source_id,
        "run_mode": "incremental" if task.source.options.incremental else "full",
        "status": status,
        "error_message": error,
        "started_at": started,
        "finished_at": finished,
        "attempts": attempts,
        "files_read": done.counts["read"] if done else 0,
        "files_unchanged": done.counts["unchanged"] if done else 0,
        "requests": sum(done.requests.values()) if done else 0,
    }


def request_of(task: SourceTask, location: Location) -> Request:
    """What to extract, as the payload's entry says."""
    options: Options = task.source.options
    return Request(
        workflow_id=task.job.workflow_id,
        source_id=task.source.source_id,
        source_path=location.shown,
        root_name=root_name(location, task.source.source_id),
        read=ReadOptions(
            row_counts=options.row_counts,
            sample_values=options.sample_values,
            sample_bytes=options.sample_bytes,
            only=format_of(task.source.type),
            csv=options.csv,
        ),
        include=options.include,
        exclude=options.exclude,
        max_files=options.max_files,
        tables=tuple(Named(entry.name, table_matcher(entry.name, entry.path)) for entry in options.tables),
        max_concurrency=options.max_concurrency,
        incremental=options.incremental,
    )


def _summary(task: SourceTask, location: Location, done: Extraction, stage: Stage) -> dict[str, Any]:
    files = listed_files(stage.path("files"))
    counts = asdict(done)
    return {
        "source_path": location.shown,
        "source_type": location.kind.value,
        "metadata": {
            "files_found": done.files_found,
            "total_size_bytes": done.total_size_bytes,
            "files": files,
            "files_truncated": len(files) == MAX_FILES and done.files_found > MAX_FILES,
            "workflow_id": task.job.workflow_id,
            "source_id": task.source.source_id,
            "tables_found": done.tables_found,
            "columns_found": done.columns_found,
            "listed": done.listed,
            "counts": counts["counts"],
            "ignored": counts["ignored"],
        },
        "tables": listed_tables(stage.path("tables")),
        "warnings": [mask(text) for text in done.warnings],
        "requests": done.requests,
    }


def failure_result(task: SourceTask, settings: Settings, requests: int) -> dict[str, Any]:
    """The answer's entry for a source that gave nothing."""
    shown, kind = mask_url(task.source.path or ""), task.source.type
    try:
        location = place_of(task, settings).location
        shown, kind = location.shown, location.kind.value
    except NuvynError:
        pass
    return {
        "source_path": shown,
        "source_type": kind,
        "metadata": {
            "files_found": 0,
            "total_size_bytes": 0,
            "files": [],
            "files_truncated": False,
            "workflow_id": task.job.workflow_id,
            "source_id": task.source.source_id,
            "written_to_db": False,
        },
        "requests": {"total": requests} if requests else {},
    }
