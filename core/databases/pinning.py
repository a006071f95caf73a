"""Connecting a database's driver to the very address that was judged, and not to what its name means a moment later."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from core.errors import Fault, SourceError
from core.sources.guard import Guard

if TYPE_CHECKING:
    import sqlalchemy

_TIMEOUT_S = 15.0
_PORTS = {"mysql": 3306, "mariadb": 3306, "mssql": 1433, "postgresql": 5432}


# libpq would take what is missing from its variables, password file, certificates and tickets.
_NOBODY = {"passfile": f"{os.devnull}/none", "sslcertmode": "disable", "gssencmode": "disable"}


def pin(engine: sqlalchemy.Engine, guard: Guard) -> None:
    """Let the guard judge every connection that an engine makes, and connect to the address it lets through.

    Raises, when the engine connects:
        Refused: the host is at an address that is not open.
        SourceError: its name is unknown.
    """
    import sqlalchemy

    def connect(dialect: Any, record: Any, positional: Any, given: dict[str, Any]) -> Any:
        url = engine.url
        host, port = url.host or "", url.port or _PORTS.get(url.get_backend_name(), 0)
        try:
            if dialect.driver == "pymysql":
                # The driver checks a certificate against the name that it keeps.
                import pymysql

                connection: Any = pymysql.connect(defer_connect=True, **given)
                connection.connect(guard.connect(host, port, _TIMEOUT_S))
                return connection
            addresses = guard.resolve(host, port)
        except OSError as error:
            text = f"{host} cannot be reached: {error.strerror or error}"
            raise SourceError(Fault.UNAVAILABLE, text, hint="check the host and port", transient=True) from None
        if dialect.driver == "psycopg":
            # The name stays for the certificate; libpq connects to `hostaddr`.
            given |= {"host": host, "hostaddr": addresses[0], "password": given.get("password") or ""} | _NOBODY
        elif name := next((name for name in ("host", "server") if name in given), None):
            given[name] = addresses[0] + (f":{port}" if str(given[name]).endswith(f":{port}") else "")
        else:
            text = f"no driver of {url.get_backend_name()} can be pinned to an address"
            raise SourceError(Fault.UNSUPPORTED, text, hint="run this source from the command line")
        return None

    sqlalchemy.event.listen(engine, "do_connect", connect)
