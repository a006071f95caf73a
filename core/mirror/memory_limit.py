"""Writing a mirror in little memory, as long as that suffices."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Enough for a hundred thousand files; each thread holds row groups of its own that are being written.
_LEAN = "SET threads = 1; SET memory_limit = '64MB'"
_USUAL = "SET threads = 2; RESET memory_limit"


def in_little_memory(connection: duckdb.DuckDBPyConnection, write: Callable[[], None]) -> None:
    """Call `write` with DuckDB's memory limited, and again without the limit when that was too little.

    The limit is the whole process's, so only a writer sets it, which is alone.
    """
    import duckdb

    try:
        connection.execute(_LEAN)
        write()
    except duckdb.OutOfMemoryException:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        connection.execute(_USUAL)
        write()
    finally:
        connection.execute(_USUAL)
