"""What the `spark` engine sends to workers: a function that reads a shard of files with the readers of this machine.

Batches of files go in (`FILES`), batches of messages come out (`MESSAGES`). A message is a schema, what became of a
file, the sums of the shard, or the fault that ended it; `text` is JSON. A schema that many files say is sent once.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from core.catalog import CountSource, DataFile, FileReading, TableReading
from core.connections import Connection
from core.engines.base import Outcome
from core.engines.local import read_files
from core.engines.streak import Streak
from core.errors import Fault, SourceError
from core.formats.base import ReadOptions
from core.progress import Progress
from core.retry import RetryingStore
from core.schemas import columns_from_text, columns_to_text
from core.sources.locations import Location
from core.sources.stores.obstore import ObstoreStore
from core.sources.stores.open import open_store

FILES = pa.schema([pa.field("at", pa.int64()), pa.field("key", pa.string()), pa.field("size", pa.int64())])
MESSAGES = "shard string, kind string, at bigint, text string"
_MESSAGES = pa.schema([(name, pa.int64() if name == "at" else pa.string()) for name in ("shard", "kind", "at", "text")])
_BATCH = 10_000

Mapped = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Work:
    """How to read the files of one source, wherever that happens; its repr shows no secret."""

    location: Location
    connection: Connection | None
    environ: Mapping[str, str] = field(repr=False)
    options: ReadOptions
    max_concurrency: int
    file_timeout_s: float
    retries: int


def shard_reader(work: Work) -> Mapped:
    """The function that a worker calls with its shard."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        at: list[int] = []
        files: list[DataFile] = []
        for batch in batches:
            at += batch.column(0).to_pylist()
            files += map(DataFile, batch.column(1).to_pylist(), batch.column(2).to_pylist())
        if files:
            yield from asyncio.run(_read(work, at, files)).batches()

    return read


async def _read(work: Work, at: list[int], files: list[DataFile]) -> _Messages:
    messages, progress, streak = _Messages(), Progress(), Streak()
    inner = open_store(work.location, work.connection, max_concurrency=work.max_concurrency, environ={**work.environ})
    store = RetryingStore(inner, retries=work.retries, max_concurrency=work.max_concurrency)
    try:
        if isinstance(inner, ObstoreStore):
            await inner.look()
        await read_files(
            store,
            files,
            work.options,
            max_concurrency=work.max_concurrency,
            file_timeout_s=work.file_timeout_s,
            streak=streak,
            progress=progress,
            deliver=lambda index, outcome: messages.file(at[index], outcome),
        )
    except SourceError as error:
        messages.add("fault", 0, _fault_said(error))
    finally:
        await store.close()
    last = None if streak.last is None else _fault_said(streak.last)
    messages.add("sums", 0, [progress.bytes_read, dict(store.requests), streak.read, last])
    return messages


class _Messages:
    def __init__(self) -> None:
        self._shard = uuid.uuid4().hex
        self._rows: list[tuple[str, str, int, str]] = []
        self._schemas: dict[str, int] = {}

    def add(self, kind: str, at: int, said: Any) -> None:
        self._rows.append((self._shard, kind, at, json.dumps(said)))

    def file(self, at: int, outcome: Outcome) -> None:
        tables = outcome.reading.tables if outcome.reading is not None else ()
        said = [(self._schema(t), t.row_count, t.row_count_source, t.part, t.warnings, t.properties) for t in tables]
        read = outcome.reading.file_type if outcome.reading is not None else None
        self.add("file", at, [outcome.file_type, outcome.error, outcome.lasting, read, said])

    def batches(self) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self._rows), _BATCH):
            columns = zip(*self._rows[start : start + _BATCH], strict=True)
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, _MESSAGES, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=_MESSAGES)

    def _schema(self, table: TableReading) -> int:
        text = columns_to_text(table.columns)
        number = self._schemas.get(text)
        if number is None:
            number = self._schemas[text] = len(self._schemas)
            self.add("schema", number, text)
        return number


@dataclass(frozen=True, slots=True)
class Answers:
    """The messages of some shards, read again.

    `read` counts the files that the server gave, `last` is the last fault with one that it did not; `fault` is
    what ended a shard.
    """

    outcomes: tuple[tuple[int, Outcome], ...]
    requests: Mapping[str, int]
    bytes_read: int
    read: int
    last: SourceError | None
    fault: SourceError | None

    @classmethod
    def of(cls, messages: pa.Table) -> Answers:
        """Take messages (`MESSAGES`, in any order) apart."""
        schemas: dict[tuple[str, int], Any] = {}
        found: list[tuple[str, int, list[Any]]] = []
        requests: Counter[str] = Counter()
        bytes_read = read = 0
        last: SourceError | None = None
        fault: SourceError | None = None
        for shard, kind, at, text in zip(*(column.to_pylist() for column in messages.columns), strict=True):
            said = json.loads(text)
            if kind == "schema":
                schemas[shard, at] = columns_from_text(said)
            elif kind == "file":
                found.append((shard, at, said))
            elif kind == "sums":
                bytes_read += said[0]
                requests.update(said[1])
                read += said[2]
                last = _fault(said[3]) if said[3] else last
            else:
                fault = _fault(said)
        outcomes = tuple((at, _outcome(said, partial(_of_shard, schemas, shard))) for shard, at, said in found)
        return cls(outcomes, requests, bytes_read, read, last, fault)


def _of_shard(schemas: Mapping[tuple[str, int], Any], shard: str, number: int) -> Any:
    return schemas[shard, number]


def _fault_said(error: SourceError) -> list[Any]:
    more = {"hint": error.hint, "transient": error.transient, "throttled": error.throttled}
    return [error.fault.value, error.message, more]


def _fault(said: list[Any]) -> SourceError:
    return SourceError(Fault(said[0]), said[1], **said[2])


def _outcome(said: list[Any], schema: Callable[[int], Any]) -> Outcome:
    file_type, error, lasting, read, tables = said
    if read is None:
        return Outcome(file_type, None, error, lasting)
    reading = FileReading(
        read,
        tuple(
            TableReading(
                columns=schema(number),
                row_count=rows,
                row_count_source=CountSource(source) if source else None,
                part=part,
                warnings=tuple(warnings),
                properties=tuple((name, value) for name, value in properties),
            )
            for number, rows, source, part, warnings, properties in tables
        ),
    )
    return Outcome(file_type, reading, error, lasting)
