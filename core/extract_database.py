"""One database, start to end: read its catalog, count where asked, give rows.

The same sums and rows as a source of files gives; only that there are no files.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from core.assemble import Assembled
from core.catalog import CountSource, FileStatus, MergedColumn, Table
from core.databases.base import Asker, Catalog, Kind, Relation
from core.emit import Sink, emit
from core.errors import SourceError
from core.extract import Extraction
from core.globs import selector
from core.ledger import Ledger
from core.listing import Listing
from core.memory import reader_key
from core.planning import Request
from core.progress import Phase, Progress
from core.schemas import SchemaPool

STATEMENT_TIMEOUT_S = 300.0
"""How long one query may take when the payload gives the source no time of its own."""

T = TypeVar("T")


class Connection(Asker, Protocol):
    """An asker that can be stopped from another thread."""

    @property
    def requests(self) -> dict[str, int]: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


@dataclass(slots=True)
class _Found:
    relations: list[Relation]
    warnings: list[str]


async def extract_database(
    request: Request, connection: Connection, catalog: Catalog, kind: str, sink: Sink, progress: Progress
) -> Extraction:
    """Extract one database into `sink`; `kind` is its dialect's name.

    Raises:
        SourceError: it could not be reached, or its catalog could not be read.
    """
    progress.phase = Phase.LISTING
    found = await in_thread(connection, lambda: _relations(request, connection, catalog, progress))
    if request.read.row_counts == "exact":
        progress.phase = Phase.READING
        await in_thread(connection, lambda: _count(found, connection, catalog, progress))
    progress.phase = Phase.GROUPING
    tables = tuple(_table(relation, kind, request) for relation in found.relations)
    progress.tables = len(tables)
    done = Assembled(tables, {})
    no_files = Ledger(Listing(), SchemaPool())
    emit(request.workflow_id, request.source_id, request.source_path, reader_key(request.read), no_files, done, sink)
    if not tables:
        found.warnings.append("no table or view is here that this login may see")
    return Extraction(
        listed=0,
        counts={status.value: 0 for status in FileStatus},
        ignored={},
        total_size_bytes=sum(relation.bytes or 0 for relation in found.relations),
        tables_found=len(tables),
        columns_found=sum(len(table.columns) for table in tables),
        requests=dict(connection.requests),
        warnings=tuple(found.warnings),
        failures=(),
    )


async def in_thread(connection: Connection, work: Callable[[], T]) -> T:
    """Run blocking work; when cancelled, the query in it is ended too."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.to_thread(connection.stop)
        with suppress(SourceError):
            await task
        raise


def _relations(request: Request, connection: Connection, catalog: Catalog, progress: Progress) -> _Found:
    wanted = selector(request.include, request.exclude)
    warnings: list[str] = []
    relations: list[Relation] = []
    for relation in catalog.relations(connection, warnings.append):
        if not wanted(relation.full_name):
            continue
        if request.max_files is not None and len(relations) == request.max_files:
            warnings.append(f"stopped after max_files = {request.max_files} tables")
            break
        relations.append(relation)
        progress.listed = len(relations)
        progress.requests = sum(connection.requests.values())
    return _Found(sorted(relations, key=lambda r: (r.schema, r.name)), warnings)


def _count(found: _Found, connection: Connection, catalog: Catalog, progress: Progress) -> None:
    """Count each table; one that cannot be counted keeps the server's estimate, and says why."""
    progress.to_read = len(found.relations)
    for at, relation in enumerate(found.relations):
        if relation.kind not in (Kind.VIEW, Kind.FOREIGN_TABLE):
            found.relations[at] = _counted(relation, connection, catalog)
        progress.done += 1
        progress.requests = sum(connection.requests.values())


def _counted(relation: Relation, connection: Connection, catalog: Catalog) -> Relation:
    try:
        [[rows]] = connection(catalog.count_sql(relation))
    except SourceError as error:
        if error.transient:
            raise
        return replace(relation, warnings=(*relation.warnings, f"its rows could not be counted: {error.message}"))
    return replace(relation, rows=int(rows), rows_from=CountSource.COUNTED)


def _table(relation: Relation, kind: str, request: Request) -> Table:
    none = request.read.row_counts == "none"
    return Table(
        name=relation.full_name,
        path=relation.full_name,
        file_type=kind,
        columns=tuple(_columns(relation)),
        row_count=None if none else relation.rows,
        row_count_source=None if none else relation.rows_from,
        size_bytes=relation.bytes or 0,
        file_count=relation.parts,
        grouping=relation.kind.value,
        partition_columns=relation.partition_columns,
        warnings=relation.warnings,
        comment=relation.comment,
        properties=relation.properties,
    )


def _columns(relation: Relation) -> Iterator[MergedColumn]:
    for column in relation.columns:
        yield MergedColumn(
            name=column.name,
            type=column.type,
            nullable=column.nullable,
            is_partition=column.name in relation.partition_columns,
            native_type=column.native_type,
            type_source=column.type_source,
            present_in_files=relation.parts,
            is_key=column.is_key,
            comment=column.comment,
        )
