"""One question to the mirror in SQL, which another thread may take back."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import MirrorError
from core.mirror.session import Session, Stopped

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_AGAIN_S = 0.05


class Question:
    """SQL with its parameters, ready to run once."""

    def __init__(
        self,
        session: Session,
        schema: str,
        sql: str,
        *,
        params: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> None:
        self._session, self._schema = session, schema
        self._sql, self._params, self._limit = sql, params, limit
        self._stop = threading.Event()
        self._ended = threading.Event()
        # Held while the connection is spoken to from another thread, so that it isn't closed meanwhile.
        self._guard = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def run(self) -> pa.Table:
        """The rows, at most `limit`; unqualified names are the metadata schema's tables.

        Raises:
            MirrorError: the SQL is wrong or no question, or the mirror cannot be read.
            Stopped: `cancel` was called.
        """
        import duckdb

        try:
            with self._session.reading(self._stop) as connection:
                self._connection = connection
                try:
                    if self._stop.is_set():
                        raise Stopped
                    return self._asked(connection)
                except duckdb.Error as error:
                    if self._stop.is_set():
                        raise Stopped from error
                    raise MirrorError(f"the query failed: {error}") from error
                finally:
                    with self._guard:
                        self._connection = None
        finally:
            self._ended.set()

    def cancel(self) -> None:
        """End it soon: while it runs, while it waits for the file, or before it began. Returns at once."""
        self._stop.set()
        threading.Thread(target=self._interrupt, name="cancel", daemon=True).start()

    def _asked(self, connection: duckdb.DuckDBPyConnection) -> pa.Table:
        connection.execute(f"USE {self._schema}")
        _check(connection, self._sql)
        relation = connection.sql(self._sql, params=self._params)
        if relation is None:
            raise MirrorError("the statement gives no rows", hint="ask with SELECT")
        return (relation if self._limit is None else relation.limit(self._limit)).to_arrow_table()

    def _interrupt(self) -> None:
        # DuckDB forgets an interrupt that comes just before a statement begins, so once isn't enough.
        while not self._ended.is_set():
            with self._guard:
                if self._connection is not None:
                    self._connection.interrupt()
            self._ended.wait(_AGAIN_S)


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what is no single question."""
    from duckdb import StatementType as Type

    found = connection.extract_statements(sql)
    if not found:
        raise MirrorError("there is no SQL to run", hint="try: SELECT * FROM tables")
    if len(found) > 1:
        raise MirrorError(f"these are {len(found)} statements; one at a time runs", hint="keep the one you want")
    # PIVOT is several statements to DuckDB, and counts as MULTI.
    if found[0].type not in (Type.SELECT, Type.EXPLAIN, Type.PRAGMA, Type.CALL, Type.MULTI):
        raise MirrorError(
            f"{found[0].type.name} is no question, and the mirror is read-only", hint="ask with SELECT, SHOW, DESCRIBE"
        )
