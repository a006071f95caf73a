"""The one place that picks how a database is read."""

from __future__ import annotations

from typing import TypeAlias

from core.connections import Connection
from core.databases.base import Catalog
from core.databases.databricks import LEGACY, UnityCatalog, Workspace
from core.databases.duckdb import DuckDbFile
from core.databases.inspector import Inspected
from core.databases.metastore import Metastore
from core.databases.mysql import MySql
from core.databases.postgresql import PostgreSql
from core.databases.server import Server
from core.databases.sqlite import SqliteFile
from core.sources.guard import Guard
from core.sources.place import Location

Opened: TypeAlias = tuple[Server | SqliteFile | DuckDbFile | Workspace, Catalog]


def open_database(
    location: Location, named: Connection | None = None, *, statement_timeout_s: float, guard: Guard | None = None
) -> Opened:
    """A connection, made on its first use, and the catalog reader that fits it; `named` is the source's own.

    With a `guard` a server is connected to only where that lets it.

    Raises:
        SourceError: a driver is missing (the hint names the extra), or the URL is none.
        UsageError: what a login to Databricks takes is missing or wrong.
    """
    if location.scheme == "databricks":
        workspace = Workspace(location, named, statement_timeout_s=statement_timeout_s)
        return workspace, Metastore(workspace) if workspace.catalog == LEGACY else UnityCatalog(workspace)
    if location.scheme == "sqlite":
        file = SqliteFile(file_of(location), location.shown, seconds=statement_timeout_s)
        return file, file
    if location.scheme == "duckdb":
        database = DuckDbFile(file_of(location), location.shown)
        return database, database
    server = Server(location, statement_timeout_s=statement_timeout_s, guard=guard)
    match server.dialect:
        case "postgresql":
            return server, PostgreSql()
        case "mysql" | "mariadb":
            return server, MySql(server.database)
    return server, Inspected(server, location.shown)


def file_of(location: Location) -> str:
    """The path of a database that is a file."""
    return location.url.partition(":///")[2].partition("?")[0]
