"""One run of one job: its sources side by side, each committed as it ends, or all at once when atomic."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from core.errors import NuvynError
from core.jobs.answer import answer
from core.jobs.model import JobRecord, JobState, SourceRecord, SourceState, job_end
from core.jobs.source_run import SourceTask, failure_result, run_row, run_source
from core.jobs.store import JobStore
from core.jobs.turns import Waiting
from core.jobs.write_targets import Wanted, wanted_target, write
from core.mirror.mirror import Mirror, Staged
from core.payload.models import Job
from core.progress import Phase, Progress
from core.secrets import mask
from core.settings import Settings
from core.stage import Stage

_log = logging.getLogger(__name__)

_MOST_DEATHS = 5


class JobRun:
    """One run of one job."""

    def __init__(self, settings: Settings, store: JobStore, mirror: Mirror, record: JobRecord, job: Job) -> None:
        self.settings, self.store, self.mirror = settings, store, mirror
        self.record, self.job = record, job
        self.progress: dict[int, Progress] = {}
        self.cancelled = False
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._dropped: set[int] = set()
        self._folder = settings.runs / record.job_id
        self._rules = store.rules(record.job_id)
        self._wanted = wanted_target(settings, job, write_to_db=record.write_to_db)
        self._unwritten: NuvynError | None = None

    async def everything(self) -> None:
        """Run all sources, then write those that succeeded where the job asks for."""
        if self._wanted.warning:
            self.store.note(self.record.job_id, None, "warning", "write_to_db", self._wanted.warning)
        await self._all_sources()
        if self._wanted.pending:
            await self._write_to_db(self._wanted)

    async def _write_to_db(self, wanted: Wanted) -> None:
        """Write to the warehouse; a failure leaves the mirror as it is and makes the job partial."""
        job_id = self.record.job_id
        good = [s.source_id for s in self.store.sources(job_id) if s.state is SourceState.SUCCESS]
        if not good:
            return

        def note(level: str, text: str) -> None:
            self.store.note(job_id, None, level, "write_to_db", mask(text))

        self._unwritten = wanted.error
        if wanted.target is not None:
            done = await write(wanted.target, self.mirror, self.settings.runs, self.job.workflow_id, good, note)
            self.store.mark_written(job_id, done.source_ids)
            self._unwritten = done.error
        if self._unwritten is not None:
            message, hint = _told(self._unwritten)
            note("error", f"not written to Databricks: {message}" + (f" ({hint})" if hint else ""))

    async def _all_sources(self) -> None:
        """Run every source that has not ended, at most `parallel_sources` at once."""
        job_id = self.record.job_id
        committed = await asyncio.to_thread(self.mirror.committed, job_id, self.job.workflow_id)
        gate = asyncio.Semaphore(self.job.options.parallel_sources)
        self._fail_deadly(await asyncio.to_thread(self.store.deaths, job_id), committed)
        sources = self._open_sources()
        for source in sources:
            self.progress[source.seq] = Progress()
        await asyncio.to_thread(
            self.store.turns.take, job_id, self.job.workflow_id, [(s.seq, s.source_id) for s in sources]
        )
        waiting = Waiting(self.store.turns, job_id, list(self.progress), self._tell_wait)

        async def one(source: SourceRecord) -> None:
            try:
                await waiting.turn(source.seq)
                async with gate:
                    await self._source(source, source.source_id in committed)
            except asyncio.CancelledError:
                if source.seq not in self._dropped:
                    raise
                self.store.move_source(job_id, source.seq, SourceState.CANCELLED)

        async with asyncio.TaskGroup() as group:
            group.create_task(waiting.watch())
            for source in sources:
                self._tasks[source.seq] = group.create_task(one(source))
        if self.job.options.atomic:
            await self._commit_together()

    def _fail_deadly(self, deaths: int, committed: frozenset[str]) -> None:
        """Fail what ran when the last of too many workers died, so that it takes down no more; not what is stored."""
        if deaths < _MOST_DEATHS:
            return
        message = f"{deaths} workers died with this job while it ran: it may be what they die of"
        hint = "logs/nuvyn.log may tell; then run this source by itself"
        for source in self._open_sources():
            if source.state is SourceState.RUNNING and source.source_id not in committed:
                self._end_failed(source, message, hint)

    def _end_failed(self, source: SourceRecord, message: str, hint: str) -> None:
        result = failure_result(self._task(source), self.settings, 0)
        self.store.move_source(
            self.record.job_id, source.seq, SourceState.FAILED, error=message, hint=hint, result=result
        )

    def _tell_wait(self, seq: int, other: str) -> None:
        source_id = self.job.sources[seq].source_id
        self.store.note(self.record.job_id, source_id, "info", "wait", f"waits for job {other}, which has this source")

    def drop(self, seqs: Iterable[int]) -> None:
        """Cancel single sources; the others go on."""
        for seq in set(seqs) - self._dropped:
            if (task := self._tasks.get(seq)) is not None and not task.done():
                self._dropped.add(seq)
                task.cancel()

    def give_up(self, error: Exception) -> None:
        """Fail what has not ended: the run itself cannot go on."""
        message, hint = _told(error)
        _log.error("job %s: %s", self.record.job_id, message, exc_info=error)
        if self._wanted.pending:
            self._unwritten = NuvynError(message, hint=hint)
        for source in self._open_sources():
            self._end_failed(source, message, hint)

    async def finish(self) -> JobState:
        """Settle what has not ended, store the answer, and remove what was staged."""
        job_id = self.record.job_id
        for source in self._open_sources():
            self.store.move_source(job_id, source.seq, SourceState.CANCELLED)
        await asyncio.wrap_future(self.store.put_progress(job_id, self.progress.items()))
        sources = self.store.sources(job_id)
        state = job_end(
            (source.state for source in sources),
            atomic=self.job.options.atomic,
            cancelled=self.cancelled,
            unwritten=self._unwritten is not None,
        )
        record = self.store.job(job_id)
        document = answer(record, sources, state, time.time())
        if self._unwritten is not None:
            message, hint = _told(self._unwritten)
            document["result_data"]["write_to_db"] = {"status": "failed", "message": message, "hint": hint}
        elif self._wanted.target is not None:
            document["result_data"]["write_to_db"] = {"status": "completed", "target": self._wanted.target.place}
        self.store.end(job_id, state, document)
        Stage(self._folder).remove()
        return state

    def _open_sources(self) -> list[SourceRecord]:
        return [source for source in self.store.sources(self.record.job_id) if not source.state.ended]

    def _task(self, source: SourceRecord) -> SourceTask:
        folder = self._folder / str(source.seq)
        return SourceTask(self.record.job_id, source.seq, self.job, self.job.sources[source.seq], folder, self._rules)

    async def _source(self, source: SourceRecord, committed: bool) -> None:
        """One source to its end; its failure is recorded and stops nobody else."""
        job_id, seq, task = self.record.job_id, source.seq, self._task(source)
        progress = self.progress[seq]
        if task.source.path is None:
            result = failure_result(task, self.settings, 0)
            self.store.move_source(
                job_id, seq, SourceState.SKIPPED, error="Missing required field: data_source_path", result=result
            )
            return
        left = Stage(task.folder)
        if committed:
            self._succeed(source, left)
            return
        if self.job.options.atomic and left.summary() is not None:
            progress.phase = Phase.COMMITTING
            self.store.move_source(job_id, seq, SourceState.RUNNING)
            self.store.move_source(job_id, seq, SourceState.STAGED)
            return
        started = datetime.now(UTC).replace(tzinfo=None)
        attempts = source.attempts

        def count_attempt() -> int:
            nonlocal attempts
            attempts = self.store.count_attempt(job_id, seq)
            return attempts

        self.store.move_source(job_id, seq, SourceState.RUNNING)
        try:
            stage = await run_source(
                task,
                self.settings,
                self.mirror,
                progress,
                lambda level, text: self.store.note(job_id, task.source.source_id, level, "note", mask(text)),
                count_attempt,
            )
            progress.phase = Phase.COMMITTING
            if self.job.options.atomic:
                self.store.move_source(job_id, seq, SourceState.STAGED)
            else:
                await self._commit([self._staged(task, stage)])
                self._succeed(source, stage)
        except asyncio.CancelledError:
            progress.phase = Phase.ENDED
            raise
        except Exception as error:
            progress.phase = Phase.ENDED
            await self._fail(source, task, error, started, attempts)

    async def _commit(self, staged: Sequence[Staged]) -> None:
        """Commit to the end even when cancelled meanwhile: the store must learn what the mirror holds."""
        moment = datetime.now(UTC).replace(tzinfo=None)
        await _uninterrupted(asyncio.to_thread(self.mirror.commit, staged, moment))

    def _staged(self, task: SourceTask, stage: Stage) -> Staged:
        return Staged(self.job.workflow_id, task.source.source_id, self.record.job_id, stage)

    def _succeed(self, source: SourceRecord, stage: Stage) -> None:
        result = stage.summary() or {}
        result.setdefault("metadata", {})["written_to_db"] = not self._wanted.pending
        if source.state is SourceState.RUNNING or source.seq in self.progress:
            self.progress.setdefault(source.seq, Progress()).phase = Phase.ENDED
        self.store.move_source(self.record.job_id, source.seq, SourceState.SUCCESS, result=result)
        stage.remove()

    async def _fail(
        self, source: SourceRecord, task: SourceTask, error: Exception, started: datetime, attempts: int
    ) -> None:
        message, hint = _told(error)
        if not isinstance(error, NuvynError):
            _log.error("source %s: %s", task.source.source_id, message, exc_info=error)
        finished = datetime.now(UTC).replace(tzinfo=None)
        try:
            row = run_row(task, "failed", message, started, finished, attempts, None)
            await asyncio.to_thread(self.mirror.record_run, row)
        except NuvynError as problem:
            _log.error("the failed run could not be recorded: %s", problem)
        result = failure_result(task, self.settings, self.progress[source.seq].requests)
        self.store.move_source(
            self.record.job_id, source.seq, SourceState.FAILED, error=message, hint=hint, result=result
        )

    async def _commit_together(self) -> None:
        """The end of an atomic job: all its sources in one transaction, or none of them."""
        job_id = self.record.job_id
        sources = self.store.sources(job_id)
        waiting = [source for source in sources if source.state is SourceState.STAGED]
        stages = {source.seq: Stage(self._task(source).folder) for source in waiting}
        failed = [source.source_id for source in sources if source.state is SourceState.FAILED]
        problem = f"not stored: the job is atomic and {', '.join(failed)} failed" if failed else None
        if not failed and waiting:
            try:
                await self._commit([self._staged(self._task(s), stages[s.seq]) for s in waiting])
            except NuvynError as error:
                problem = str(error)
        for source in waiting:
            if problem is None:
                self._succeed(source, stages[source.seq])
            else:
                self.progress[source.seq].phase = Phase.ENDED
                result = failure_result(self._task(source), self.settings, self.progress[source.seq].requests)
                self.store.move_source(job_id, source.seq, SourceState.FAILED, error=problem, result=result)


def _told(error: BaseException) -> tuple[str, str]:
    """An error's message and hint for people, masked."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, NuvynError):
        return mask(error.message), mask(error.hint)
    return f"unexpected {type(error).__name__}: {mask(str(error))}", "logs/nuvyn.log in the home folder has the details"


async def _uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Wait for `work` to its end; a cancellation meanwhile is raised after."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
