"""Writing a mirror in little memory, as long as that suffices."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Of one thread, which holds row groups that are being written, and a row of the largest table beside its old self.
_LEAST_MB = 64
_ROW_BYTES = 150
_USUAL = "SET threads = 2; RESET memory_limit"


def in_little_memory(connection: duckdb.DuckDBPyConnection, rows: int, write: Callable[[], None]) -> None:
    """Call `write` with DuckDB's memory limited, and again without the limit when that was too little.

    `rows` are about to be written or replaced. The limit holds for all who share the connection, so only a
    writer sets it, which is alone.
    """
    import duckdb

    try:
        limit = _LEAST_MB + rows * _ROW_BYTES // 1_000_000
        connection.execute(f"SET threads = 1; SET memory_limit = '{limit}MB'")
        try:
            write()
        except duckdb.OutOfMemoryException:
            with suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            connection.execute(_USUAL)
            write()
    except BaseException:
        # A transaction that failed takes no further command, not even the one below.
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute(_USUAL)
