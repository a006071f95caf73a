"""What every database's catalog reader gives, and what it is given to ask with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from core.catalog import Column, CountSource


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


class Catalog(Protocol):
    """One kind of database."""

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        """Every table and view that the login may see, system schemas aside, by schema and name."""
        ...

    def count_sql(self, relation: Relation) -> str:
        """A query for the exact number of rows."""
        ...
