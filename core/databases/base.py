"""What every database's catalog reader gives, and what it is given to ask with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from core.catalog import Column, CountSource
from core.errors import Fault, SourceError


class Kind(StrEnum):
    """What a relation is."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"
    PARTITIONED_TABLE = "partitioned table"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view as its server's catalog has it.

    `rows` is the server's own estimate, or exact where `rows_from` says so; `bytes` is its size with
    indexes, None where the server does not tell. `parts` is how many partitions are in it.
    """

    schema: str
    name: str
    kind: Kind
    columns: tuple[Column, ...]
    rows: int | None = None
    rows_from: CountSource | None = None
    bytes: int | None = None
    parts: int = 0
    partition_columns: tuple[str, ...] = ()
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """`schema.table`, by which `include` and `exclude` choose."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


Row = Sequence[Any]


class Asker(Protocol):
    """A read-only connection that counts its queries."""

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query; raises `SourceError`."""
        ...


class OpenFile(Protocol):
    """What the libraries of SQLite and DuckDB have in common."""

    def interrupt(self) -> None: ...
    def close(self) -> None: ...


Library = TypeVar("Library", bound=OpenFile)


class FileDatabase(Generic[Library]):
    """A database that is one file here, opened on first use; counts its queries."""

    def __init__(self, path: str, shown: str) -> None:
        self.requests: Counter[str] = Counter()
        self._path, self._shown = path, shown
        self._database: Library | None = None

    def stop(self) -> None:
        """End the query that runs in another thread."""
        if self._database is not None:
            self._database.interrupt()

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _need_file(self) -> None:
        if not Path(self._path).exists():
            raise SourceError(Fault.NOT_FOUND, f"{self._shown} does not exist", hint="check the path's spelling")


class Catalog(Protocol):
    """One kind of database."""

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        """Every table and view that the login may see, system schemas aside, by schema and name."""
        ...

    def count_sql(self, relation: Relation) -> str:
        """A query for the exact number of rows."""
        ...
