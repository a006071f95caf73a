"""Two sources or two tables side by side: what only one of them has, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.mirror.mirror import Mirror

KINDS = ("only in A", "only in B", "type differs", "nullability differs", "same")
MOST_SHOWN = 10_000
"""How many lines of each kind are given at most."""


@dataclass(frozen=True, slots=True)
class Side:
    """A source, or with `table` one of its tables."""

    workflow_id: str
    source_id: str
    table: str | None = None

    @property
    def name(self) -> str:
        """As people write it."""
        return "/".join(filter(None, (self.workflow_id, self.source_id, self.table)))


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a comparison. With `column` None it is a whole table, and `a` and `b` are formats."""

    kind: str
    table: str
    column: str | None
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences, tables in order. The counts by kind are over all, also where `differences` are cut.

    `tables` are whole tables, `columns` those of the tables that both sides have.
    """

    a: Side
    b: Side
    differences: tuple[Difference, ...]
    tables: Mapping[str, int]
    columns: Mapping[str, int]
    types: tuple[tuple[str, int, int], ...]
    """How many columns of each type A and B have, the most frequent first."""

    def count(self, kind: str | None = None) -> int:
        """How many lines there are of a kind, or at all."""
        whole = {name: self.tables[name] for name in KINDS[:2]}
        return sum(n for counts in (whole, self.columns) for name, n in counts.items() if kind in (None, name))


_SQL = """
WITH a AS (
    SELECT {table_a} AS table_name, column_name, data_type, is_nullable, position FROM columns
    WHERE workflow_id = $aw AND source_id = $as AND ($at IS NULL OR table_name = $at)
), b AS (
    SELECT {table_b} AS table_name, column_name, data_type, is_nullable, position FROM columns
    WHERE workflow_id = $bw AND source_id = $bs AND ($bt IS NULL OR table_name = $bt)
), ta AS (
    SELECT {table_a} AS table_name, file_type FROM tables
    WHERE workflow_id = $aw AND source_id = $as AND ($at IS NULL OR table_name = $at)
), tb AS (
    SELECT {table_b} AS table_name, file_type FROM tables
    WHERE workflow_id = $bw AND source_id = $bs AND ($bt IS NULL OR table_name = $bt)
), lines AS (
    SELECT table_name, NULL AS column_name, ta.file_type AS a, tb.file_type AS b, -1 AS position,
           if(tb.table_name IS NULL, 'only in A', 'only in B') AS kind
    FROM ta FULL JOIN tb USING (table_name) WHERE ta.table_name IS NULL OR tb.table_name IS NULL
    UNION ALL
    SELECT table_name, column_name, a.data_type || if(a.is_nullable, '', ' not null'),
           b.data_type || if(b.is_nullable, '', ' not null'), coalesce(a.position, b.position),
           CASE WHEN b.column_name IS NULL THEN 'only in A' WHEN a.column_name IS NULL THEN 'only in B'
                WHEN a.data_type IS DISTINCT FROM b.data_type THEN 'type differs'
                WHEN a.is_nullable IS DISTINCT FROM b.is_nullable THEN 'nullability differs' ELSE 'same' END
    FROM (SELECT * FROM a SEMI JOIN tb USING (table_name)) a
    FULL JOIN (SELECT * FROM b SEMI JOIN ta USING (table_name)) b USING (table_name, column_name)
)
"""


def compare(mirror: Mirror, a: Side, b: Side) -> Comparison:
    """Compare two sources (their tables by name) or two tables (whatever they are called).

    Raises:
        MirrorError: the mirror cannot be read.
    """
    tables = a.table is not None and b.table is not None
    lines = _SQL.format(table_a="$bt" if tables else "table_name", table_b="$bt" if tables else "table_name")
    params = {"aw": a.workflow_id, "as": a.source_id, "at": a.table}
    params |= {"bw": b.workflow_id, "bs": b.source_id, "bt": b.table}
    counted = mirror.query(
        lines + "SELECT kind, column_name IS NULL AS whole, count(*) AS n FROM lines GROUP BY ALL"
        " UNION ALL SELECT 'same', true, count(*) FROM ta JOIN tb USING (table_name)",
        params=params,
    ).to_pylist()
    shown = mirror.query(
        lines + "SELECT kind, table_name, column_name, a, b FROM lines QUALIFY"
        f" row_number() OVER (PARTITION BY kind ORDER BY table_name, position, column_name) <= {MOST_SHOWN}"
        " ORDER BY kind = 'same', table_name, position, column_name",
        params=params,
    )
    types = mirror.query(
        lines + "SELECT data_type, count(*) FILTER (side = 'a') AS a, count(*) FILTER (side = 'b') AS b"
        " FROM (SELECT data_type, 'a' AS side FROM a UNION ALL SELECT data_type, 'b' FROM b)"
        " GROUP BY data_type ORDER BY count(*) DESC, data_type LIMIT 50",
        params=params,
    )
    counts = {(row["kind"], row["whole"]): row["n"] for row in counted}
    return Comparison(
        a,
        b,
        tuple(Difference(*row) for row in zip(*(column.to_pylist() for column in shown.columns), strict=True)),
        {kind: counts.get((kind, True), 0) for kind in ("only in A", "only in B", "same")},
        {kind: counts.get((kind, False), 0) for kind in KINDS},
        tuple((row["data_type"], row["a"], row["b"]) for row in types.to_pylist()),
    )
