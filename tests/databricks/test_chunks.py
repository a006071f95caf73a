"""However rows are cut: every row is in one chunk, and the chunks' ranges cover every row there could be, once."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from core.databricks import chunks
from core.databricks.chunks import Chunk
from core.databricks.layout import CHILDREN
from core.databricks.local import Row

COLUMNS = next(layout for layout in CHILDREN if layout.name == "columns")
FILES = next(layout for layout in CHILDREN if layout.name == "files")
KEYS = ["a", "b", "ba", "c", "é", "z"]


def covers(chunk: Chunk, source: str, cut: str | None, part: str | int | None) -> bool:
    """Whether a chunk's predicate holds for a row, as SQL has it."""
    if source not in chunk.sources or (chunk.cut is not None and cut != chunk.cut):
        return False
    value: str | int | None = cut if chunk.cut is None else part
    low, high = chunk.low, chunk.high
    if value is None:
        return low is None
    above = low is None or (value >= low.value if low.inclusive else value > low.value)
    return above and (high is None or value < high.value)


@given(
    st.lists(
        st.tuples(st.sampled_from("st"), st.sampled_from([None, *KEYS]), st.integers(0, 9), st.integers(1, 9)),
        max_size=60,
    ),
    st.integers(1, 12),
    st.integers(5, 60),
)
def test_every_row_is_sent_once_and_every_possible_row_is_covered_once(
    found: list[tuple[str, str | None, int, int]], most_rows: int, most_bytes: int
) -> None:
    # Text in the order of its bytes, as DuckDB and Spark have it.
    found = sorted(found, key=lambda row: (row[0], row[1] is not None, (row[1] or "").encode(), row[2]))
    rows = [Row(source, cut, part, size, str(at)) for at, (source, cut, part, size) in enumerate(found)]
    with patch.object(chunks, "MOST_ROWS", most_rows), patch.object(chunks, "MOST_BYTES", most_bytes):
        for sources in (["s", "t", "empty"], ["s"]):
            own = [row for row in rows if row.source in sources]
            made = list(chunks.chunks(COLUMNS, sources, own))
            assert sorted(int(row.json) for chunk in made for row in chunk.rows) == sorted(int(r.json) for r in own)
            for chunk in made:
                assert all(covers(chunk, row.source, row.cut, row.part) for row in chunk.rows)
            for source in sources:
                for cut in (None, *KEYS, "", "aa", "zz"):
                    for part in (None, *range(-1, 11)):
                        assert sum(covers(chunk, source, cut, part) for chunk in made) == 1


def test_a_table_without_parts_is_never_cut_within_a_key() -> None:
    rows = [Row("s", "a", None, 10, "1") for _ in range(9)]
    with patch.object(chunks, "MOST_ROWS", 3):
        [chunk] = chunks.chunks(FILES, ["s"], rows)
    assert len(chunk.rows) == 9 and chunk.low is chunk.high is chunk.cut is None
