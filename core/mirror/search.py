"""Finding tables and columns of the whole mirror by a part of their name or type."""

from __future__ import annotations

from dataclasses import dataclass

from core.mirror.mirror import Mirror

MOST_HITS = 500


@dataclass(frozen=True, slots=True)
class Hit:
    """A table, or with `column` one of its columns."""

    workflow_id: str
    source_id: str
    table: str
    column: str | None
    type: str


@dataclass(frozen=True, slots=True)
class Hits:
    """The best hits; `more` when there are others."""

    hits: tuple[Hit, ...]
    more: bool


_SQL = f"""
WITH hits AS (
    SELECT workflow_id, source_id, table_name, NULL AS column_name, coalesce(file_type, '') AS type,
           lower(table_name) AS word, -1 AS position
    FROM tables WHERE contains(lower(table_name), $text)
    UNION ALL
    SELECT workflow_id, source_id, table_name, column_name, coalesce(data_type, ''),
           if(contains(lower(column_name), $text), lower(column_name), NULL), position
    FROM columns WHERE contains(lower(column_name), $text) OR contains(lower(data_type), $text)
)
SELECT workflow_id, source_id, table_name, column_name, type FROM hits
ORDER BY CASE WHEN word = $text THEN 0 WHEN starts_with(word, $text) THEN 1 WHEN word IS NOT NULL THEN 2 ELSE 3 END,
         length(word), workflow_id, source_id, table_name, position
LIMIT {MOST_HITS + 1}
"""


def search(mirror: Mirror, text: str) -> Hits:
    """Tables whose name, and columns whose name or type, hold `text`, whatever its case.

    Whole names come first, then names that begin with it, then others, then types.

    Raises:
        MirrorError: the mirror cannot be read.
    """
    text = text.strip().lower()
    if not text or not mirror.exists():
        return Hits((), more=False)
    found = mirror.query(_SQL, params={"text": text})
    rows = zip(*(column.to_pylist() for column in found.columns), strict=True)
    hits = tuple(Hit(*row) for row in rows)
    return Hits(hits[:MOST_HITS], more=len(hits) > MOST_HITS)
