"""Taking over what can still be read of a broken mirror's file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core import rows
from core.mirror.session import literal

if TYPE_CHECKING:
    import duckdb

_BROKEN = "broken"
_OF_SOURCE = "WHERE workflow_id = $workflow AND source_id = $source"


class TableIn(Protocol):
    """A table's whole name, in the mirror or in another catalog of the same layout."""

    def __call__(self, table: str, catalog: str | None = None) -> str: ...


def take_sources(connection: duckdb.DuckDBPyConnection, broken: Path, table_in: TableIn) -> frozenset[tuple[str, str]]:
    """Take every source, as (workflow, name), of which all rows can be read; the others are left out as a whole."""
    taken = set()
    for source in _sources_of(connection, broken, table_in):
        with suppress(Exception):
            _take(connection, table_in, *source)
            taken.add(source)
    with suppress(Exception):
        connection.execute(f"DETACH {_BROKEN}")
    return frozenset(taken)


def _sources_of(connection: duckdb.DuckDBPyConnection, broken: Path, table_in: TableIn) -> list[tuple[str, str]]:
    """The sources of the file, which is then attached; none when that cannot be told."""
    try:
        connection.execute(f"ATTACH {literal(str(broken))} AS {_BROKEN} (READ_ONLY)")
        return connection.execute(f"SELECT workflow_id, source_id FROM {table_in('sources', _BROKEN)}").fetchall()
    except Exception:
        return []


def _take(connection: duckdb.DuckDBPyConnection, table_in: TableIn, workflow_id: str, source_id: str) -> None:
    connection.execute("BEGIN")
    try:
        for table in (*rows.ALL, "schema_changes"):
            connection.execute(
                f"INSERT INTO {table_in(table)} BY NAME SELECT * FROM {table_in(table, _BROKEN)} {_OF_SOURCE}",
                {"workflow": workflow_id, "source": source_id},
            )
        connection.execute("COMMIT")
    except Exception:
        connection.execute("ROLLBACK")
        raise
