"""A catalog of Databricks as a source, through its own connector: Unity Catalog, or the legacy `hive_metastore`.

Unity Catalog tells of a whole catalog in three statements over its `information_schema`.
"""

from __future__ import annotations

import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from core.catalog import Column, TypeSource
from core.connections import Connection
from core.databases.base import Asker, Kind, Relation, Row
from core.databricks.faults import SyncStopped, Trouble, WarehouseError
from core.databricks.target import source_target
from core.databricks.warehouse import Value, Warehouse
from core.datatypes.databricks import column_type
from core.errors import Fault, SourceError
from core.sources.place import Location

if TYPE_CHECKING:
    import pyarrow as pa

LEGACY = "hive_metastore"
_FAULTS = {
    Trouble.LOGIN: Fault.CREDENTIALS,
    Trouble.DENIED: Fault.DENIED,
    Trouble.MISSING: Fault.NOT_FOUND,
    Trouble.SLOW: Fault.TIMEOUT,
    Trouble.REFUSED: Fault.UNSUPPORTED,
}
_HINTS = {
    Trouble.DENIED: "the login needs USE CATALOG, and USE SCHEMA and SELECT (or BROWSE) on what it shall see",
    Trouble.SLOW: "give the source more time with `timeout_s`, or name a schema: CATALOG.SCHEMA",
    Trouble.MISSING: "name another catalog or schema: databricks://HOST/CATALOG.SCHEMA",
}
# `*`, to take the number of a partition column by whichever of `_PARTITION` it is called.
_COLUMNS = "SELECT * FROM {catalog}.information_schema.columns WHERE {where}"
_KEYS = """
SELECT k.table_schema, k.table_name, k.column_name FROM {catalog}.information_schema.key_column_usage AS k
JOIN {catalog}.information_schema.table_constraints AS c
ON k.constraint_schema = c.constraint_schema AND k.constraint_name = c.constraint_name AND k.table_name = c.table_name
WHERE c.constraint_type = 'PRIMARY KEY'
"""
_TABLES = """
SELECT table_schema, table_name, table_type, data_source_format, comment, CAST(last_altered AS STRING) AS altered
FROM {catalog}.information_schema.tables WHERE {where} ORDER BY table_schema, table_name
"""
_KINDS = {"VIEW": Kind.VIEW, "MATERIALIZED_VIEW": Kind.MATERIALIZED_VIEW, "FOREIGN": Kind.FOREIGN_TABLE}
_PARTITION = ("partition_index", "partition_ordinal_position")


class Workspace:
    """A warehouse that statements are sent to, and the catalog and schema that the source names."""

    def __init__(self, location: Location, connection: Connection | None, *, statement_timeout_s: float) -> None:
        settings, self.catalog, self.schema = _place(location.url)
        layers = [{**connection.extra, **_known(connection)}] if connection is not None else []
        target = source_target([*layers, settings], (self.catalog or LEGACY, self.schema or "default"))
        self._shown = location.shown
        self._stop = threading.Event()
        self._warehouse = Warehouse(target, self._stop, statement_timeout_s=statement_timeout_s)

    @property
    def requests(self) -> Counter[str]:
        return Counter({"QUERY": self._warehouse.statements} if self._warehouse.statements else {})

    def __call__(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        assert not parameters, "those of Databricks have names: `table`"
        found = self.table(sql)
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def table(self, sql: str, parameters: Mapping[str, Value] | None = None) -> pa.Table:
        """The rows of a statement with named parameters, as Arrow."""
        try:
            return self._warehouse.execute(sql, parameters)
        except WarehouseError as error:
            raise self._error(error) from None
        except SyncStopped:
            raise SourceError(Fault.UNAVAILABLE, f"{self._shown}: the statement was cancelled") from None

    def stop(self) -> None:
        """End the statement that runs in another thread."""
        self._stop.set()

    def close(self) -> None:
        """End the session; safe to call twice."""
        self._warehouse.close()

    def _error(self, error: WarehouseError) -> SourceError:
        # What sync would do about a missing schema or privilege is no help here.
        ours = error.trouble is Trouble.DENIED or error.missing or not error.hint
        hint = _HINTS.get(error.trouble, "") if ours else error.hint
        fault = _FAULTS.get(error.trouble, Fault.UNAVAILABLE)
        # Not transient: what passes was tried again already, for minutes.
        return SourceError(fault, f"{self._shown}: {error.message}", hint=hint)


class UnityCatalog:
    """One catalog, or one schema of it, by its `information_schema`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        workspace = self._workspace
        catalog = workspace.catalog or str(ask("SELECT current_catalog()")[0][0])
        where = "table_schema = :schema" if workspace.schema else "table_schema <> 'information_schema'"
        given = {"schema": workspace.schema} if workspace.schema else None

        def read(sql: str, parameters: Mapping[str, Value] | None = given) -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = workspace.table(
                sql.format(catalog=quoted(catalog), where=where), parameters
            ).to_pylist()
            return rows

        keys = {(row["table_schema"], row["table_name"], row["column_name"]) for row in read(_KEYS, None)}
        columns: dict[tuple[str, str], list[tuple[int, int | None, Column]]] = defaultdict(list)
        for row in read(_COLUMNS):
            part = next((row[name] for name in _PARTITION if row.get(name) is not None), None)
            is_key = (row["table_schema"], row["table_name"], row["column_name"]) in keys
            columns[row["table_schema"], row["table_name"]].append(
                (row["ordinal_position"], part, _column(row, is_key))
            )
        for row in read(_TABLES):
            found = sorted(columns[row["table_schema"], row["table_name"]], key=lambda each: each[0])
            yield Relation(
                schema=row["table_schema"],
                name=row["table_name"],
                kind=_KINDS.get(row["table_type"], Kind.TABLE),
                columns=tuple(column for _, _, column in found),
                partition_columns=tuple(
                    column.name for part, column in sorted((p, c) for _, p, c in found if p is not None)
                ),
                comment=row["comment"] or None,
                properties=_properties(row),
            )

    def count_sql(self, relation: Relation) -> str:
        return count_sql(self._workspace.catalog, relation)


def _properties(row: Mapping[str, Any]) -> dict[str, str]:
    told = {"type": row["table_type"], "format": row["data_source_format"], "altered": row["altered"]}
    return {name: str(value) for name, value in told.items() if value}


def _column(row: Mapping[str, Any], is_key: bool) -> Column:
    native = str(row["full_data_type"])
    return Column(
        name=row["column_name"],
        type=str(column_type(native)),
        nullable=row["is_nullable"] != "NO",
        native_type=native,
        type_source=TypeSource.DECLARED,
        is_key=is_key,
        comment=row["comment"] or None,
    )


def count_sql(catalog: str | None, relation: Relation) -> str:
    """A statement for the exact number of rows."""
    place = ".".join(quoted(part) for part in (catalog, relation.schema, relation.name) if part)
    return f"SELECT count(*) FROM {place}"


def quoted(name: str) -> str:
    """A name as Databricks SQL wants it."""
    return "`" + name.replace("`", "``") + "`"


def login_of(url: str) -> dict[str, str]:
    """What a URL says of the server and of who logs in there, by the names of the settings."""
    return _place(url)[0]


def _place(url: str) -> tuple[dict[str, str], str | None, str | None]:
    """What a URL says of the login, its catalog and its schema.

    The path is `CATALOG` or `CATALOG.SCHEMA`, unless the query names them as SQLAlchemy's dialect has it.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    catalog, _, schema = unquote(parts.path.strip("/")).partition(".")
    if "catalog" in query:
        # The path is a schema there, when it is anything.
        catalog, schema = query["catalog"], query.get("schema") or catalog
    login = {name: value for name, value in query.items() if name in _LOGIN}
    if parts.hostname:
        port = re.search(r":(\d+)$", parts.netloc)
        login["server_hostname"] = parts.hostname + (f":{port[1]}" if port else "")
    if parts.password:
        login["access_token"] = unquote(parts.password)
    return login, catalog or None, schema or None


_LOGIN = frozenset(
    {"http_path", "access_token", "auth_type", "client_id", "client_secret"}
    | {"azure_client_id", "azure_client_secret", "azure_tenant_id", "ca_file"}
)


def _known(connection: Connection) -> dict[str, str]:
    """What a connection says in words that all kinds share."""
    return {"access_token": connection.password} if connection.password else {}
