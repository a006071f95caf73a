"""MySQL's and MariaDB's catalog in three queries over `information_schema`: relations, columns, partitions.

SQLAlchemy's Inspector asks `SHOW CREATE TABLE` for each table, and is wrong about nullability in views.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from core.catalog import Column, CountSource, TypeSource
from core.databases.base import Asker, Kind, Relation, Row
from core.datatypes.sql import MYSQL, Translator

_SYSTEM = "('mysql', 'information_schema', 'performance_schema', 'sys')"
_KINDS = {"BASE TABLE": Kind.TABLE, "SYSTEM VERSIONED": Kind.TABLE, "VIEW": Kind.VIEW, "SEQUENCE": None}
_RELATIONS = """
SELECT table_schema, table_name, table_type, engine, table_rows, data_length + index_length,
       table_comment, CAST(update_time AS CHAR)
FROM information_schema.tables WHERE {where} ORDER BY table_schema, table_name
"""
_COLUMNS = """
SELECT table_schema, table_name, column_name, column_type, is_nullable, column_key, column_comment
FROM information_schema.columns WHERE {where} ORDER BY table_schema, table_name, ordinal_position
"""
_PARTITIONS = """
SELECT table_schema, table_name, max(partition_method), max(partition_expression), count(*)
FROM information_schema.partitions WHERE partition_name IS NOT NULL AND {where} GROUP BY table_schema, table_name
"""
# These count their rows as they come; InnoDB samples a few pages.
_EXACT_ENGINES = frozenset({"MyISAM", "Aria", "MEMORY", "ARCHIVE", "CSV"})


class MySql:
    """One database when the URL names one, all that the login may see otherwise."""

    def __init__(self, database: str | None) -> None:
        self._database = database

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        where = "table_schema = %s" if self._database else f"table_schema NOT IN {_SYSTEM}"
        given = (self._database,) if self._database else ()
        columns: dict[tuple[str, str], list[Column]] = defaultdict(list)
        translate = Translator(MYSQL)
        for schema, table, *facts in ask(_COLUMNS.format(where=where), given):
            columns[schema, table].append(_column(facts, translate))
        partitions = {(row[0], row[1]): row for row in ask(_PARTITIONS.format(where=where), given)}
        for row in ask(_RELATIONS.format(where=where), given):
            kind = _KINDS.get(row[2], Kind.VIEW)
            if kind is not None:
                key = (row[0], row[1])
                yield _relation(row, kind, tuple(columns[key]), partitions.get(key))

    def count_sql(self, relation: Relation) -> str:
        return f"SELECT count(*) FROM {_quoted(relation.schema)}.{_quoted(relation.name)}"


def _relation(row: Row, kind: Kind, columns: tuple[Column, ...], partitions: Row | None) -> Relation:
    schema, name, _, engine, rows, size, comment, updated = row
    properties = {"engine": engine} if engine else {}
    if updated:
        properties["updated"] = updated
    warnings: tuple[str, ...] = ()
    if kind is Kind.VIEW and comment and comment != "VIEW":
        # The server puts there why it cannot be used: a table under it is gone, or a right is missing.
        warnings, comment = (f"the server says: {comment}",), None
    parts = 0
    parted_by: tuple[str, ...] = ()
    if partitions is not None:
        _, _, method, expression, parts = partitions
        properties["partition.key"] = f"{method} ({expression})"
        parted_by = _plain_columns(str(expression or ""), columns)
    source = CountSource.DATABASE if engine in _EXACT_ENGINES else CountSource.ESTIMATED
    return Relation(
        schema=schema,
        name=name,
        kind=Kind.PARTITIONED_TABLE if parts else kind,
        columns=columns,
        rows=None if kind is Kind.VIEW or rows is None else int(rows),
        rows_from=None if kind is Kind.VIEW or rows is None else source,
        bytes=None if kind is Kind.VIEW or size is None else int(size),
        parts=int(parts),
        partition_columns=parted_by,
        comment=comment if comment and kind is not Kind.VIEW else None,
        properties=properties,
        warnings=warnings,
    )


def _plain_columns(expression: str, columns: tuple[Column, ...]) -> tuple[str, ...]:
    """The columns that an expression is a list of; none where it computes something."""
    names = [part.strip().strip("`") for part in expression.split(",")]
    known = {column.name for column in columns}
    return tuple(names) if all(name in known for name in names) else ()


def _column(facts: list[object], translate: Translator) -> Column:
    name, native, nullable, key, comment = facts
    return Column(
        name=str(name),
        type=_type(str(native), translate),
        nullable=nullable == "YES",
        native_type=str(native),
        type_source=TypeSource.DECLARED,
        is_key=key == "PRI",
        comment=str(comment) if comment else None,
    )


def _type(native: str, translate: Translator) -> str:
    """What MySQL's own client takes for a truth value is one here: `tinyint(1)` and `bit(1)`."""
    plain = native.lower().removesuffix(" zerofill")
    if plain in ("tinyint(1)", "bit(1)"):
        return "boolean"
    return str(translate(plain) or "string")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
