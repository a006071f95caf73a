"""Databricks' legacy `hive_metastore`, which has no `information_schema`: one statement a schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.catalog import Column, CountSource, TypeSource
from core.databases.base import Asker, Kind, Relation
from core.databases.databricks import LEGACY, Workspace, count_sql, quoted
from core.datatypes.databricks import column_type, parse_tree
from core.errors import Fault, SourceError

_FACT = re.compile(r"^(Type|Provider|Comment|Statistics|Location|Partition Columns): (.*)$", re.MULTILINE)
_STATISTICS = re.compile(r"(\d+) bytes(?:, (\d+) rows)?")
_NAME = re.compile(r"`((?:[^`]|``)*)`")


class Metastore:
    """`hive_metastore`, or one schema of it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        only = self._workspace.schema
        for schema in [only] if only else sorted(str(row[0]) for row in ask(f"SHOW SCHEMAS IN {LEGACY}")):
            try:
                rows = ask(f"SHOW TABLE EXTENDED IN {LEGACY}.{quoted(schema)} LIKE '*'")
            except SourceError as error:
                if only or error.fault is not Fault.DENIED:
                    raise
                warn(f"schema {schema} is not open to this login: {error.message}")
                continue
            # Temporary views of the session come with an empty schema.
            for _, name, temporary, text in sorted(rows, key=lambda row: str(row[1])):
                if not temporary:
                    yield _relation(ask, schema, str(name), str(text))

    def count_sql(self, relation: Relation) -> str:
        return count_sql(LEGACY, relation)


def _relation(ask: Asker, schema: str, name: str, text: str) -> Relation:
    head, _, tree = text.rpartition("\nSchema: root")
    facts = dict(_FACT.findall(head))
    columns = tuple(_column(each.name, str(each.type), each.nullable) for each in parse_tree(tree))
    warnings: tuple[str, ...] = ()
    if not columns:
        # The metastore may leave the columns of a Delta table to its log.
        columns, warnings = _described(ask, schema, name)
    kind = Kind.VIEW if facts.get("Type") == "VIEW" else Kind.TABLE
    told = _STATISTICS.search(facts.get("Statistics", ""))
    rows = int(told[2]) if told and told[2] else None
    parted_by = tuple(found.replace("``", "`") for found in _NAME.findall(facts.get("Partition Columns", "")))
    named = {"type": "Type", "format": "Provider", "location": "Location"}
    return Relation(
        schema=schema,
        name=name,
        kind=kind,
        columns=columns,
        rows=rows,
        rows_from=None if rows is None else CountSource.ESTIMATED,
        bytes=int(told[1]) if told else None,
        partition_columns=parted_by,
        comment=facts.get("Comment") or None,
        properties={ours: facts[theirs] for ours, theirs in named.items() if facts.get(theirs)},
        warnings=warnings,
    )


def _described(ask: Asker, schema: str, name: str) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    try:
        rows = ask(f"DESCRIBE TABLE {LEGACY}.{quoted(schema)}.{quoted(name)}")
    except SourceError as error:
        if error.fault is Fault.UNAVAILABLE:
            raise
        return (), (f"its columns cannot be read: {error.message}",)
    columns: list[Column] = []
    for column, type_, comment in (row[:3] for row in rows):
        # What follows an empty line or a `#` is said again, or of something else.
        if not column or column.startswith("#"):
            break
        columns.append(_column(column, str(type_), True, comment))
    return tuple(columns), ()


def _column(name: str, type_: str, nullable: bool, comment: str | None = None) -> Column:
    return Column(
        name=name,
        type=str(column_type(type_)),
        nullable=nullable,
        native_type=type_,
        type_source=TypeSource.DECLARED,
        comment=comment or None,
    )
