"""The ways to write a database: SQLAlchemy URLs, and files for the kinds that are files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from core.connections import Connection
from core.secrets import expand, mask, mask_url, register, register_tree
from core.sources.local_paths import absolute
from core.sources.place import Kind, Location, unplaced

DIALECTS = frozenset(
    {"postgresql", "mysql", "mariadb", "sqlite", "duckdb", "mssql", "snowflake", "databricks", "oracle", "redshift"}
    | {"trino", "presto", "bigquery", "clickhouse", "cockroachdb", "db2", "ibm_db_sa", "hive", "athena", "teradatasql"}
    | {"awsathena", "vertica", "exasol", "hana", "firebird", "access", "motherduck", "crate", "impala", "starrocks"}
)
_ALIASES = {"postgres": "postgresql", "sqlserver": "mssql", "sqlite3": "sqlite"}
FILE_DATABASES = ("sqlite", "duckdb")
"""Databases that are one file."""

_PORT_FIRST = re.compile(r"[^:/@]*@[^:/@]*:\d{1,5}(?:[/?]|$)")
_CATALOG = re.compile(r"[^:/\\\s@?.]+(?:\.[^:/\\\s@?]+)?")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(\+[A-Za-z0-9_.]+)?://(.*)", re.DOTALL)


def dialect_of(scheme: str) -> str:
    """The dialect of a URL scheme: without its driver, by its SQLAlchemy name."""
    family = scheme.lower().partition("+")[0]
    return _ALIASES.get(family, family)


def is_database(scheme: str) -> bool:
    """Whether a URL scheme is a database's: a known dialect, or any that names its driver after a `+`."""
    return dialect_of(scheme) in DIALECTS or "+" in scheme


def locate_database(path: str, source_type: str, connection: Connection | None, environ: Mapping[str, str]) -> Location:
    """A database by its URL, its file, or its connection's URL. `${ENV}` in it is resolved.

    A password that the URL leaves out is the connection's. Databricks' `CATALOG` or `CATALOG.SCHEMA` alone is at the
    warehouse of the connection, or of the environment.

    Raises:
        SourceError: it is neither.
        UsageError: a variable that it names is not set.
    """
    written = path
    if "://" not in path and connection is not None and connection.url and "://" in connection.url:
        # A path without a scheme names the database on the connection's server.
        path = _on_server(connection.url, path)
    # Not registered as they are: a host's name is no secret. The URL's secret parts are, below.
    url = expand(path, environ, secret=False)
    match = _URL.fullmatch(url)
    if match is None and "databricks" in (source_type, connection.kind if connection else None):
        match = _URL.fullmatch(f"databricks:///{url}") if _CATALOG.fullmatch(url) else None
    if match is None:
        return _file(written, url, source_type)
    dialect = dialect_of(match[1])
    rest = _with_password(match[3], connection)
    if dialect in FILE_DATABASES:
        rest = _absolute(rest)
    url = f"{dialect}{match[2] or ''}://{rest}"
    register_tree(url)
    password = _password(rest)
    register(password)
    # Where a URL may be understood in two ways, the register knows its password.
    return Location(
        Kind.DATABASE,
        dialect,
        "",
        mask(mask_url(url)).partition("://")[2],
        mask(mask_url(written)),
        url=url,
        secrets={"password": password} if password else {},
    )


def _on_server(url: str, name: str) -> str:
    base, mark, query = url.partition("?")
    scheme, _, rest = base.partition("://")
    server, _, database = rest.partition("/")
    if name in ("", ".", database):
        return url
    if database and database != name:
        raise unplaced(
            f"{name} is not the database of the connection, which is {database}", "write the database's whole URL"
        )
    return f"{scheme}://{server}/{name}{mark}{query}"


def _file(written: str, path: str, source_type: str) -> Location:
    if source_type not in FILE_DATABASES:
        kind = source_type if source_type in DIALECTS else "postgresql"
        hint = f"write {kind}://USER@HOST/DATABASE, or sqlite:///FILE"
        if kind == "databricks":
            hint = "write CATALOG or CATALOG.SCHEMA, or databricks://HOST/CATALOG?http_path=PATH"
        raise unplaced(f"{mask_url(written)} is not a database URL", hint)
    file = absolute(path)
    return Location(Kind.DATABASE, source_type, "", file, mask_url(written), url=f"{source_type}:///{file}")


def _absolute(rest: str) -> str:
    """A database file's path made absolute, since a worker may run in another folder."""
    if not rest.startswith("/") or rest[1:].startswith(("/", ":memory:", "file:")) or rest == "/":
        return rest
    file, mark, query = rest[1:].partition("?")
    if file.startswith("md:"):  # a database of MotherDuck's service
        return rest
    return f"/{absolute(file)}{mark}{query}"


def _user_info(rest: str) -> tuple[str, str] | None:
    """What stands before the `@` and after it, as SQLAlchemy splits a URL; None without an `@`."""
    # `user@server:password@host` is a user, a password and a host; `user@host:5432/…` is no password.
    users = "[^:/@]*" if _PORT_FIRST.match(rest) else "[^:/]*"
    match = re.match(rf"({users}(?::[^@]*)?)@(.*)", rest, re.DOTALL)
    if match is None:
        return None
    # An `@` that was left unencoded in the password: the host has none.
    host, slash, below = match[2].partition("/")
    inner, at, host = host.rpartition("@")
    return (match[1] + ("@" + inner if at else ""), host + slash + below)


def _password(rest: str) -> str:
    info = _user_info(rest)
    return unquote(info[0].partition(":")[2]) if info else ""


def _with_password(rest: str, connection: Connection | None) -> str:
    """The URL's rest with an unencoded password encoded, and a missing one taken from the connection."""
    info = _user_info(rest)
    if info is None:
        return rest
    user, _, password = info[0].partition(":")
    if not password and connection is not None and connection.password:
        password = quote(connection.password, safe="")
    elif "@" in password or "/" in password:
        password = quote(password, safe="%")
    return f"{user}:{password}@{info[1]}" if password else rest
