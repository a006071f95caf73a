"""One session at a warehouse: statements out, rows in; tries again what is transient, ends soon when stopped.

The only importer of the Databricks connector. Every statement may be sent twice (a lost connection does not
tell whether it ran), so callers only send what may run twice.
"""

from __future__ import annotations

import io
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core import __version__
from core.backoff import backoff
from core.databricks.auth import login
from core.databricks.faults import SyncStopped, Trouble, WarehouseError, fault_of
from core.databricks.target import Target
from core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
Value = str | int | None
Tell = Callable[[str], None]
"""Is told of every fault that is tried again, in one line."""

_SOCKET_TIMEOUT_S = 120
_POLL_S = (0.02, 0.5)
_BUSY_WAIT_S = 1.0
_START_PATIENCE_S = 15 * 60.0
_TRIES = {Trouble.NETWORK: 6, Trouble.SESSION: 3, Trouble.CONFLICT: 10, Trouble.UPLOAD: 6}
_CLUSTER_ZONE = "spark.sql.session.timeZone"
_LOUD = ("databricks", "urllib3", "thrift", "pybreaker")
"""These print SQL, parameter values and presigned URLs."""


class Warehouse:
    """Opens its session with the first statement, and again when it is lost. Used by one thread."""

    def __init__(
        self,
        target: Target,
        stop: threading.Event,
        tell: Tell = lambda _: None,
        *,
        statement_timeout_s: float | None = None,
    ) -> None:
        self._target, self._stop, self._tell = target, stop, tell
        self._timeout_s = statement_timeout_s
        self._connection: Any = None
        self.statements = 0
        """How many statements were sent, with those sent again."""

    def execute(self, sql: str, parameters: Mapping[str, Value] | None = None) -> pa.Table:
        """Run a statement that may run twice, and give its rows.

        Raises:
            WarehouseError: it failed for good, or too often.
            SyncStopped: the stop was set; a running statement has been cancelled.
            UsageError: the connector is not installed.
        """
        return self._trying(lambda connection: self._ask(connection, sql, parameters or {}))

    def upload(self, file: Path, path: str) -> None:
        """Put a file into a volume, over whatever is there. Errors as in `execute`."""
        put = f"PUT '__input_stream__' INTO '{path}' OVERWRITE"
        self._trying(lambda connection: self._stage(connection, put, file))

    def remove(self, path: str) -> None:
        """Take a file out of a volume. Errors as in `execute`."""
        self._trying(lambda connection: self._stage(connection, f"REMOVE '{path}'", None))

    def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()
            _close_sockets(connection)

    def _trying(self, call: Callable[[Any], T]) -> T:
        tries: dict[Trouble, int] = {}
        waited = 0.0
        while True:
            if self._stop.is_set():
                raise SyncStopped
            try:
                if self._connection is None:
                    self._connection = self._open()
                return call(self._connection)
            except (SyncStopped, UsageError):
                raise
            except Exception as error:
                fault = fault_of(error, self._target)
                if not fault.transient:
                    raise fault from error
                if fault.trouble in (Trouble.NETWORK, Trouble.SESSION):
                    self._drop()
                count = tries[fault.trouble] = tries.get(fault.trouble, 0) + 1
                wait = backoff(count, base=0.1, cap=10.0)
                if fault.trouble is Trouble.BUSY:
                    # A full second at least: a warehouse takes minutes to start.
                    wait = max(wait, _BUSY_WAIT_S)
                    given_up = waited + wait > _START_PATIENCE_S
                else:
                    given_up = count >= _TRIES[fault.trouble]
                if given_up:
                    raise fault from error
                waited += wait
                self._tell(f"{fault.message}; trying again in {wait:.1f} s")
            if self._stop.wait(wait):
                raise SyncStopped

    def _open(self) -> Any:
        sql = _connector()
        target = self._target
        plain = target.scheme == "http"
        return sql.connect(
            server_hostname=target.host,
            http_path=target.http_path,
            _port=target.port,
            # Only `target_of` makes plain http, and only for loopback.
            _connection_uri=f"{target.address}{target.http_path}" if plain else None,
            _tls_trusted_ca_file=target.ca_file,
            session_configuration={_zone_setting(target): "UTC"},
            user_agent_entry=f"nuvyn/{__version__}",
            enable_telemetry=False,
            use_cloud_fetch=False,
            _socket_timeout=_SOCKET_TIMEOUT_S,
            # Its own retries off: they sleep where nothing can wake them, and send statements again unasked.
            _retry_stop_after_attempts_duration=1,
            _retry_delay_min=1,
            **login(target),
        )

    def _drop(self) -> None:
        """Forget a session that can't be used any more, without a request."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.session.is_open = False
            _close_sockets(connection)

    def _ask(self, connection: Any, sql: str, parameters: Mapping[str, Value]) -> pa.Table:
        self.statements += 1
        with connection.cursor() as cursor:
            cursor.execute_async(sql, dict(parameters) or None)
            self._await(cursor)
            cursor.get_async_execution_result()
            return cursor.fetchall_arrow()

    def _await(self, cursor: Any) -> None:
        """Wait for the end of what runs; take it back when stopped."""
        wait, most = _POLL_S
        began = time.monotonic()
        while cursor.is_query_pending():
            stopped = self._stop.wait(wait)
            slow = self._timeout_s is not None and time.monotonic() - began > self._timeout_s
            if stopped or slow:
                with suppress(Exception):
                    cursor.cancel()
            if stopped:
                raise SyncStopped
            if slow:
                raise WarehouseError(Trouble.SLOW, f"a statement took longer than {self._timeout_s:g} s")
            wait = min(wait * 1.5, most)

    def _stage(self, connection: Any, sql: str, file: Path | None) -> None:
        # The connector reads the stream whole; parts are small enough for that.
        self.statements += 1
        with connection.cursor() as cursor:
            if file is None:
                cursor.execute(sql)
                return
            with io.BytesIO(file.read_bytes()) as stream:
                cursor.execute(sql, input_stream=stream)


def _close_sockets(connection: Any) -> None:
    """The connector leaves its idle sockets to the garbage collector; what it calls its pool is private."""
    with suppress(Exception):
        connection.http_client.close()
    with suppress(Exception):
        connection.session.backend._transport._THttpClient__pool.close()


def _zone_setting(target: Target) -> str:
    """What the session's time zone is called: a SQL warehouse refuses Spark's name, a cluster knows only that.

    Our moments don't depend on it; a column that another executor made without zone does.
    """
    return "TIMEZONE" if "/warehouses/" in target.http_path or "/endpoints/" in target.http_path else _CLUSTER_ZONE


def _connector() -> Any:
    started = time.monotonic()
    try:
        from databricks import sql
    except ImportError as error:
        raise UsageError(
            "the Databricks connector is not installed", hint="pip install 'nuvyn[databricks]' into this environment"
        ) from error
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It logs every fault that it raises too; we tell them once, without addresses.
    logging.getLogger("databricks.sql").setLevel(logging.CRITICAL)
    # This one prints parameters and presigned URLs to whoever attaches a handler, whatever its parents' level.
    logging.getLogger("databricks.sql.unsafe").disabled = True
    logging.getLogger(__name__).debug("the connector took %.1f s to import", time.monotonic() - started)
    return sql
