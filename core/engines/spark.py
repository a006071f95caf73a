"""Reading many files on a Spark cluster, with the SparkSession that is there or by Spark Connect.

Files go out in waves of shards. A wave's answers come back whole and are delivered then, so that neither this machine
holds more than two waves, nor a wave that was lost with a worker or a server is ever delivered in part: it is given
out again.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import pyarrow as pa

from core.backoff import backoff
from core.catalog import DataFile
from core.connections import Connection
from core.engines.base import Outcome
from core.engines.shards import FILES, MESSAGES, Answers, Work, shard_reader
from core.engines.streak import Streak, first_of
from core.errors import Fault, SourceError, first_line
from core.formats.base import ReadOptions
from core.progress import Progress
from core.secrets import mask, register
from core.sources.locations import Location
from core.sources.stores.base import Store

T = TypeVar("T")

_SHARD = 1_000
_SHARDS_A_WAVE = 32
_WAVES_AT_ONCE = 2
_TRIES = 5
_END_S = 5.0
# Of the environment, what tells the stores' drivers who they are.
_PASSED_ON = ("AWS_", "AZURE_", "GOOGLE_")


class SparkEngine:
    """An `Engine` for one source. Each worker opens the source itself, with the credentials that are sent along."""

    def __init__(
        self,
        remote: str | None,
        location: Location,
        connection: Connection | None,
        environ: dict[str, str],
        *,
        retries: int,
        shard: int = _SHARD,
    ) -> None:
        self._remote = remote
        _register_token(remote)
        self._source = (location, connection, {k: v for k, v in environ.items() if k.startswith(_PASSED_ON)})
        self._retries = retries
        self._shard = shard
        self._tag = f"nuvyn-{uuid.uuid4().hex}"
        self._lock = threading.Lock()
        self._session: Any = None
        self._sessions: list[Any] = []

    async def __call__(
        self,
        store: Store,
        files: Sequence[DataFile],
        options: ReadOptions,
        *,
        max_concurrency: int,
        file_timeout_s: float,
        streak: Streak,
        progress: Progress,
        deliver: Callable[[int, Outcome], None],
    ) -> None:
        if not files:
            return
        work = Work(*self._source, options, max_concurrency, file_timeout_s, self._retries)
        if self._remote is None:
            self._session = _active_session()
            self._sessions.append(self._session)
        waves = iter(range(0, len(files), self._shard * _SHARDS_A_WAVE))

        async def lane() -> None:
            for start in waves:
                answers = await self._give_out(work, self._wave(files, start), progress)
                store.requests.update(answers.requests)
                progress.bytes_read += answers.bytes_read
                for at, outcome in answers.outcomes:
                    progress.done += 1
                    progress.failed += outcome.error is not None
                    deliver(at, outcome)
                streak.read += answers.read
                streak.last = answers.last or streak.last
                if answers.fault is not None:
                    raise answers.fault

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_WAVES_AT_ONCE):
                    group.create_task(lane())
        except* SourceError as errors:
            raise first_of(errors) from None
        finally:
            with suppress(TimeoutError):
                await asyncio.wait_for(_in_thread(self._end), _END_S)

    def _wave(self, files: Sequence[DataFile], start: int) -> pa.Table:
        at = range(start, min(start + self._shard * _SHARDS_A_WAVE, len(files)))
        found = [files[index] for index in at]
        columns = [pa.array(at, pa.int64()), pa.array([f.key for f in found]), pa.array([f.size for f in found])]
        return pa.Table.from_arrays(columns, schema=FILES)

    async def _give_out(self, work: Work, wave: pa.Table, progress: Progress) -> Answers:
        for attempt in range(_TRIES):
            try:
                return Answers.of(await _in_thread(lambda: self._map(work, wave)))
            except SourceError:
                raise
            except Exception as error:
                text = mask(first_line(error))
                if attempt == _TRIES - 1:
                    raise SourceError(
                        Fault.UNAVAILABLE,
                        f"Spark could not read {len(wave)} files, in {_TRIES} tries: {text}",
                        hint="look at the cluster's log; nuvyn must be installed on its workers",
                    ) from error
                progress.notes.append(f"{len(wave)} files are given to Spark again: {text}")
                await asyncio.sleep(backoff(attempt))
        raise AssertionError("the loop returns or raises")

    def _map(self, work: Work, wave: pa.Table) -> pa.Table:
        session = self._connected()
        try:
            with suppress(AttributeError):  # the session of a cluster of one's own has no tags
                session.addTag(self._tag)
            shards = -(-len(wave) // self._shard)
            files = session.createDataFrame(wave).repartition(shards)
            found: pa.Table = files.mapInArrow(shard_reader(work), MESSAGES).toArrow()
            return found
        except Exception:
            self._lose(session)
            raise

    def _connected(self) -> Any:
        with self._lock:
            if self._session is None and self._remote is not None:
                self._session = _spark().builder.remote(self._remote).create()
                self._sessions.append(self._session)
            return self._session

    def _lose(self, session: Any) -> None:
        """Connect anew: what broke may be the session. Another lane may have done so by now."""
        if self._remote is not None:
            with self._lock:
                if self._session is session:
                    self._session = None

    def _end(self) -> None:
        """End what runs there, in lost sessions too; the newest first, which is surely there."""
        for session in reversed(self._sessions):
            with suppress(Exception):
                session.interruptTag(self._tag)
            if self._remote is not None:
                with suppress(Exception):
                    session.stop()


def _spark() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SourceError(
            Fault.MISSING_DRIVER, "the engine `spark` needs PySpark", hint="pip install 'nuvyn[spark]'"
        ) from error
    # It goes on to say so with every call; nothing here is a pandas frame.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    return SparkSession


def _active_session() -> Any:
    session = _spark().getActiveSession()
    if session is None:
        raise SourceError(
            Fault.UNAVAILABLE,
            "the engine `spark` found no active SparkSession",
            hint="name a server with --spark-remote sc://HOST:PORT, or run inside a Databricks job",
        )
    return session


def _register_token(remote: str | None) -> None:
    """Keep the token that a Spark Connect URL may have (`sc://host:443/;token=...`) from logs and screens."""
    for part in (remote or "").split(";")[1:]:
        name, _, value = part.partition("=")
        if name.strip().lower() in ("token", "password", "secret"):
            register(value)


async def _in_thread(call: Callable[[], T]) -> T:
    """What `call` returns; a server that never answers keeps neither a waiter that is cancelled nor the process."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if answered.done():
            return
        if error is not None:
            answered.set_exception(error)
        else:
            answered.set_result(cast(T, result))

    def run() -> None:
        result: T | None = None
        raised: Exception | None = None
        try:
            result = call()
        except Exception as error:
            raised = error
        except BaseException as error:  # PySpark ends the program where it finds no home; ours goes on
            raised = RuntimeError(f"it gave up with {type(error).__name__} {error}")
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=run, name="spark", daemon=True).start()
    return await answered
