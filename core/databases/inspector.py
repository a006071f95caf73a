"""Any other database that SQLAlchemy knows, by its Inspector: a few bulk calls a schema."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from core.catalog import Column, TypeSource
from core.databases.base import Asker, Kind, Relation
from core.databases.faults import source_error
from core.databases.server import Server
from core.datatypes.sql import Dialect, spark_type

if TYPE_CHECKING:
    from sqlalchemy.engine.reflection import Inspector

_SYSTEM = frozenset(
    {"information_schema", "sys", "performance_schema", "pg_catalog", "guest", "INFORMATION_SCHEMA"}
    | {"db_owner", "db_accessadmin", "db_securityadmin", "db_ddladmin", "db_backupoperator", "db_datareader"}
    | {"db_datawriter", "db_denydatareader", "db_denydatawriter", "SYS", "SYSTEM"}
)
_ANSI = Dialect()


class Inspected:
    """What the dialect's own reflection tells: no row counts, no sizes."""

    def __init__(self, server: Server, shown: str) -> None:
        self._server, self._shown = server, shown

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        import sqlalchemy
        import sqlalchemy.exc

        # A type that the dialect does not know is read as text, and so said; not on standard error.
        warnings.filterwarnings("ignore", "Did not recognize type", sqlalchemy.exc.SAWarning)
        inspector = sqlalchemy.inspect(self._server.connection)
        try:
            schemas = [name for name in inspector.get_schema_names() if name not in _SYSTEM]
        except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            raise source_error(error, self._shown, connecting=False) from None
        for schema in schemas:
            try:
                yield from _schema(inspector, schema)
            # A dialect raises NotImplementedError where it cannot tell of a kind of thing at all.
            except (sqlalchemy.exc.SQLAlchemyError, NotImplementedError) as error:
                told = source_error(error, self._shown, connecting=False)
                if told.transient:
                    raise told from None
                warn(f"schema {schema} cannot be read: {told.message}")

    def count_sql(self, relation: Relation) -> str:
        quote = self._server.connection.dialect.identifier_preparer.quote
        return f"SELECT count(*) FROM {quote(relation.schema)}.{quote(relation.name)}"


def _schema(inspector: Inspector, schema: str) -> Iterator[Relation]:
    from sqlalchemy.engine.reflection import ObjectKind

    columns = inspector.get_multi_columns(schema=schema, kind=ObjectKind.ANY)
    keys: Any = inspector.get_multi_pk_constraint(schema=schema, kind=ObjectKind.ANY)
    comments: Any = {}
    if inspector.dialect.supports_comments:
        comments = inspector.get_multi_table_comment(schema=schema, kind=ObjectKind.ANY)
    views, materialized = set(inspector.get_view_names(schema)), set(_materialized(inspector, schema))
    for (_, name), found in sorted(columns.items(), key=lambda item: item[0][1]):
        key = frozenset((keys.get((schema, name)) or {}).get("constrained_columns") or ())
        kind = Kind.MATERIALIZED_VIEW if name in materialized else Kind.VIEW if name in views else Kind.TABLE
        yield Relation(
            schema=schema,
            name=name,
            kind=kind,
            columns=tuple(_column(column, key) for column in found),
            comment=(comments.get((schema, name)) or {}).get("text"),
        )


def _materialized(inspector: Inspector, schema: str) -> list[str]:
    try:
        return inspector.get_materialized_view_names(schema)
    except NotImplementedError:  # SQLAlchemy's word for a dialect that has none
        return []


def _column(found: Any, key: frozenset[str]) -> Column:
    import sqlalchemy.types

    known = not isinstance(found["type"], sqlalchemy.types.NullType)
    native = str(found["type"]) if known else None
    return Column(
        name=str(found["name"]),
        type=str((native and spark_type(native.partition(" COLLATE ")[0], _ANSI)) or "string"),
        nullable=bool(found.get("nullable", True)),
        native_type=native,
        type_source=TypeSource.DECLARED,
        is_key=found["name"] in key,
        comment=found.get("comment"),
    )
