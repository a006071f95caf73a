"""A read-only connection to a database server, through SQLAlchemy and the driver that the URL names."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.databases.base import Row
from core.databases.faults import source_error
from core.databases.pinning import pin
from core.errors import Fault, SourceError
from core.sources.guard import Guard
from core.sources.place import Location

if TYPE_CHECKING:
    import sqlalchemy

_CONNECT_S = 15
_LOCK_S = 10
_LATE_S = 5
_GOODBYE_S = 2.0
DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql", "mssql": "pymssql"}
"""The driver of a dialect when the URL names none; each is in the extra of that name."""

_EXTRAS = {"mariadb": "mysql"}
_SETTABLE = ("postgresql", "mysql", "mariadb")
_CONNECT: Mapping[str, Mapping[str, Any]] = {
    "psycopg": {"connect_timeout": _CONNECT_S, "application_name": "nuvyn"},
    "pymysql": {"connect_timeout": _CONNECT_S, "program_name": "nuvyn"},
    "pymssql": {"login_timeout": _CONNECT_S, "appname": "nuvyn"},
}


class Server:
    """Counts its queries; may be told to stop by another thread."""

    def __init__(self, location: Location, *, statement_timeout_s: float, guard: Guard | None = None) -> None:
        self.requests: Counter[str] = Counter()
        self._location = location
        self._timeout_s = statement_timeout_s
        self._engine = _engine(location, statement_timeout_s)
        if guard is not None:
            pin(self._engine, guard)
        self._connection: sqlalchemy.Connection | None = None
        self._stopped = False

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of what is spoken: `postgresql`, `mysql`, `mariadb` …"""
        return str(self._engine.dialect.name)

    @property
    def database(self) -> str | None:
        """The database that the URL names."""
        return self._engine.url.database or None

    @property
    def connection(self) -> sqlalchemy.Connection:
        """The open connection, made on first use.

        Raises:
            SourceError: there is none to be had.
        """
        if self._connection is None:
            import sqlalchemy.exc

            try:
                self._connection = self._engine.connect()
                if self.dialect in _SETTABLE:
                    # Each statement is a transaction of its own, so that none holds a lock or a snapshot for long.
                    self._connection = self._connection.execution_options(isolation_level="AUTOCOMMIT")
                for statement in self._settings():
                    self._connection.exec_driver_sql(statement)
            except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
                raise source_error(error, self._location.shown, connecting=True) from None
        return self._connection

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        import sqlalchemy.exc

        connection = self.connection
        self.requests["QUERY"] += 1
        try:
            # From the driver's cursor: SQLAlchemy's own rows cost as much again.
            # Without parameters the text goes as it is: a table's name may hold a `%`.
            plain = {"no_parameters": not parameters}
            with connection.exec_driver_sql(sql, tuple(parameters), execution_options=plain) as result:
                return list(result.cursor.fetchall()) if result.cursor is not None else []
        except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            raise source_error(error, self._location.shown, connecting=False) from None

    def stop(self) -> None:
        """End the query that runs in another thread: the server is asked to, then the line is cut."""
        self._stopped = True
        if self._connection is None:
            return
        with contextlib.suppress(Exception):  # it has ended already
            driver: Any = self._connection.connection.driver_connection
            asking = threading.Thread(target=self._cancel, args=(driver,), daemon=True)
            asking.start()
            asking.join(_GOODBYE_S)
            _hang_up(driver)

    def _cancel(self, driver: Any) -> None:
        with contextlib.suppress(Exception):  # the server is gone, or does not answer
            if hasattr(driver, "cancel_safe"):
                driver.cancel_safe(timeout=_GOODBYE_S)
            elif hasattr(driver, "cancel"):
                driver.cancel()
            elif hasattr(driver, "thread_id"):
                with self._engine.connect() as other:
                    other.exec_driver_sql(f"KILL QUERY {int(driver.thread_id())}")

    def close(self) -> None:
        """Let go of the connection; safe to call twice."""
        if self._connection is not None:
            with contextlib.suppress(Exception):  # a dead connection cannot say goodbye
                self._connection.rollback()
                self._connection.close()
            self._connection = None
        self._engine.dispose()

    def _settings(self) -> Sequence[str]:
        """What makes the session harmless: read-only, and nothing of it waits or runs for long."""
        seconds = self._timeout_s
        if self.dialect == "postgresql":
            return (
                "SET default_transaction_read_only = on",
                f"SET statement_timeout = {round(seconds * 1000)}",
                f"SET lock_timeout = '{_LOCK_S}s'",
            )
        if self.dialect == "mariadb" or getattr(self._engine.dialect, "is_mariadb", False):
            return (
                "SET SESSION TRANSACTION READ ONLY",
                f"SET SESSION max_statement_time = {seconds:g}",
                f"SET SESSION lock_wait_timeout = {_LOCK_S}",
            )
        if self.dialect == "mysql":
            return (
                "SET SESSION TRANSACTION READ ONLY",
                f"SET SESSION max_execution_time = {round(seconds * 1000)}",
                f"SET SESSION lock_wait_timeout = {_LOCK_S}",
            )
        return ()


def _hang_up(driver: Any) -> None:
    """Cut a driver's line, so that whoever waits for an answer on it wakes."""
    line = driver if hasattr(driver, "fileno") else getattr(driver, "_sock", None)
    if line is not None:
        with socket.socket(fileno=os.dup(line.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)


def _engine(location: Location, statement_timeout_s: float) -> sqlalchemy.Engine:
    extra = _EXTRAS.get(location.scheme, location.scheme)
    missing = SourceError(
        Fault.MISSING_DRIVER,
        f"{location.scheme} needs a driver that is not installed",
        hint=f"pip install 'nuvyn[{extra}]'"
        if location.scheme in (*DRIVERS, "snowflake")
        else f"install SQLAlchemy's dialect for {location.scheme}",
    )
    try:
        import sqlalchemy
        import sqlalchemy.exc
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise missing from None
    try:
        url = sqlalchemy.make_url(location.url)
        if "+" not in url.drivername and url.drivername in DRIVERS:
            url = url.set(drivername=f"{url.drivername}+{DRIVERS[url.drivername]}")
        driver = url.drivername.partition("+")[2]
        arguments = dict(_CONNECT.get(driver, {}))
        if driver == "pymysql":
            # Else it waits for ever for a server that says nothing, from its greeting on.
            arguments["read_timeout"] = arguments["write_timeout"] = math.ceil(statement_timeout_s + _LATE_S)
        if driver == "pymysql" and str(url.query.get("ssl", "")).lower() in ("1", "true"):
            # Without it the driver encrypts where the server offers to, and takes any certificate.
            url = url.difference_update_query(["ssl"])
            arguments["ssl"] = ssl.create_default_context()
        return sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (ModuleNotFoundError, sqlalchemy.exc.NoSuchModuleError):
        raise missing from None
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise SourceError(Fault.UNSUPPORTED, f"{location.shown} is no database URL: {type(error).__name__}") from None
