"""PostgreSQL's catalog in three queries: relations, columns, and what user-defined types are made of.

`pg_catalog` rather than `information_schema`, which hides what the login does not own and takes seconds for
thousands of tables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from core.catalog import Column, CountSource, TypeSource
from core.databases.base import Asker, Kind, Relation, Row
from core.datatypes.spark import STRING, Array, SparkType, Struct
from core.datatypes.sql import POSTGRESQL, Translator

_KINDS = {
    "r": Kind.TABLE,
    "v": Kind.VIEW,
    "m": Kind.MATERIALIZED_VIEW,
    "f": Kind.FOREIGN_TABLE,
    "p": Kind.PARTITIONED_TABLE,
}
_NOT_SYSTEM = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'"
    " AND n.nspname NOT LIKE 'pg\\_temp\\_%'"
)
# Partitions stand for themselves nowhere: their rows and bytes are their topmost parent's.
_RELATIONS = f"""
WITH RECURSIVE tree AS (
    SELECT c.oid AS root, c.oid AS part FROM pg_class c WHERE c.relkind = 'p' AND NOT c.relispartition
    UNION ALL
    SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.part
), sums AS (
    SELECT t.root, count(*) FILTER (WHERE c.relkind <> 'p') AS parts,
           sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind <> 'p') AS tuples,
           bool_or(c.reltuples < 0) FILTER (WHERE c.relkind <> 'p') AS unknown,
           sum(pg_total_relation_size(c.oid)) AS bytes,
           min(greatest(s.last_analyze, s.last_autoanalyze)) AS analyzed
    FROM tree t JOIN pg_class c ON c.oid = t.part LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
    GROUP BY t.root
)
SELECT c.oid, n.nspname, c.relname, c.relkind, obj_description(c.oid, 'pg_class'),
       CASE WHEN c.relkind = 'p' THEN CASE WHEN p.unknown THEN NULL ELSE coalesce(p.tuples, 0) END
            WHEN c.reltuples >= 0 AND c.relkind <> 'v' THEN c.reltuples END::bigint,
       CASE WHEN c.relkind = 'p' THEN p.bytes
            WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END::bigint,
       coalesce(p.parts, 0),
       to_char(coalesce(p.analyzed, s.last_analyze, s.last_autoanalyze) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
       pg_get_partkeydef(c.oid),
       (SELECT array_agg(a.attname ORDER BY k.at) FROM pg_partitioned_table pt,
               unnest(pt.partattrs::int[]) WITH ORDINALITY AS k(attnum, at)
        JOIN pg_attribute a ON a.attnum = k.attnum WHERE pt.partrelid = c.oid AND a.attrelid = c.oid),
       has_schema_privilege(n.oid, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN sums p ON p.root = c.oid LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition AND {_NOT_SYSTEM}
ORDER BY n.nspname, c.relname
"""
_COLUMNS = f"""
SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull,
       coalesce(a.attnum = ANY (k.conkey), false), d.description
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition
  AND {_NOT_SYSTEM}
ORDER BY a.attrelid, a.attnum
"""
# Whatever is not built in: domains, enums, composite types, ranges, and arrays of those.
_TYPES = """
SELECT t.oid, t.typtype, t.typbasetype, format_type(t.typbasetype, t.typtypmod), t.typelem, t.typnotnull,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
       (SELECT array_agg(a.atttypid::bigint ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
FROM pg_type t LEFT JOIN pg_class r ON r.oid = t.typrelid
LEFT JOIN pg_type e ON e.oid = t.typelem LEFT JOIN pg_class er ON er.oid = e.typrelid
WHERE t.oid >= 16384 AND (coalesce(r.relkind, er.relkind, 'c') = 'c' OR t.oid IN
      (SELECT atttypid FROM pg_attribute WHERE attrelid >= 16384))
"""
_DEEPEST = 20


class PostgreSql:
    """PostgreSQL from version 10 on, and what speaks like it."""

    def relations(self, ask: Asker, warn: Callable[[str], None]) -> Iterator[Relation]:
        types = _Types(ask(_TYPES))
        columns: dict[int, list[Column]] = defaultdict(list)
        for relation, *facts in ask(_COLUMNS):
            columns[relation].append(_column(facts, types))
        denied: dict[str, int] = {}
        for row in ask(_RELATIONS):
            if not row[-1]:
                denied[row[1]] = denied.get(row[1], 0) + 1
                continue
            yield _relation(row, tuple(columns[row[0]]))
        for schema, count in denied.items():
            warn(f"schema {schema} is not open to this login: {count} of its tables and views are left out")

    def count_sql(self, relation: Relation) -> str:
        return f"SELECT count(*) FROM {_quoted(relation.schema)}.{_quoted(relation.name)}"


def _relation(row: Row, columns: tuple[Column, ...]) -> Relation:
    _, schema, name, kind, comment, rows, size, parts, analyzed, key, key_columns, _ = row
    properties = {}
    if analyzed:
        properties["statistics.of"] = analyzed
    if key:
        properties["partition.key"] = key
    return Relation(
        schema=schema,
        name=name,
        kind=_KINDS[kind],
        columns=columns,
        rows=rows,
        rows_from=None if rows is None else CountSource.ESTIMATED,
        bytes=size,
        parts=parts,
        partition_columns=tuple(key_columns or ()),
        comment=comment,
        properties=properties,
    )


def _column(facts: list[Any], types: _Types) -> Column:
    name, native, number, not_null, is_key, comment = facts
    type_, never_null = types.named(number, native)
    return Column(name, type_, not (not_null or never_null), native, TypeSource.DECLARED, (), is_key, comment)


class _Types:
    """Types that this database defines, by their number."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = {int(row[0]): row for row in rows}
        self._built_in = Translator(POSTGRESQL)
        self._named: dict[tuple[int, str], tuple[str, bool]] = {}

    def named(self, number: int, native: str) -> tuple[str, bool]:
        """The name of a type's Spark type, and whether it (a domain) never is null."""
        found = self._named.get((number, native))
        if found is None:
            spark, never_null = self.spark(number, native, 0)
            found = self._named[number, native] = str(spark), never_null
        return found

    def spark(self, number: int, native: str, depth: int) -> tuple[SparkType, bool]:
        """The Spark type of one, and whether it (a domain) never is null."""
        row = self._rows.get(number)
        if row is None or depth > _DEEPEST:
            return self._built_in(native) or STRING, False
        _, kind, base, base_native, element, not_null, names, natives, numbers = row
        if kind == "d":
            inner, never = self.spark(int(base), base_native, depth + 1)
            return inner, bool(not_null) or never
        if kind == "c":
            fields = zip(names or (), natives or (), numbers or (), strict=True)
            return Struct(tuple((field, self.spark(int(n), text, depth + 1)[0]) for field, text, n in fields)), False
        if element and native.endswith("[]"):
            return Array(self.spark(int(element), native.removesuffix("[]"), depth + 1)[0]), False
        return STRING, False


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
