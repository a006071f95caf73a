"""What completion offers, by the place of the cursor (`|`)."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mirror.words import columns_of, offer


def offered(text: str) -> list[str]:
    at = text.index("|")
    return [word.text for word in offer(text.replace("|", ""), at).words]


def test_the_tables_are_those_of_the_schema() -> None:
    assert list(columns_of()) == ["sources", "tables", "columns", "files", "executor_runs", "schema_changes"]
    assert columns_of()["tables"][10:12] == ("partition_columns", "grouping")
    assert columns_of()["sources"][-1] == "duration_s"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SELECT * FROM |", ["sources", "tables", "columns"]),
        ("SELECT * FROM ta|", ["tables"]),
        ("SELECT * FROM hive_metastore._executor_metadata.fi|", ["files"]),
        ("SELECT t.row| FROM tables t", ["row_count", "row_count_source"]),
        ("SELECT tables.row|\nFROM hive_metastore._executor_metadata.tables", ["row_count", "row_count_source"]),
        ("SELECT f.| FROM tables AS t JOIN files AS f USING (file_path)", ["workflow_id", "source_id", "file_path"]),
        ("SELECT etag, schem| FROM files", ["schema_fingerprint", "schema_changes"]),
        ("select t.row|", ["row_count", "row_count_source"]),
        ("sel|", ["select"]),
        ("SEL|", ["SELECT"]),
        ("SELECT * FROM tables WHERE finger|", []),
        ("SELECT * FROM files WHERE finger|", ["schema_fingerprint"]),
        ("WITH mine AS (SELECT 1) SELECT * FROM mi|", ["mine"]),
    ],
)
def test_words_that_fit_come_first(text: str, first: list[str]) -> None:
    assert offered(text)[: len(first)] == first


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'ta|'",
        "SELECT 'ta|",
        "-- ta|",
        "/* ta|",
        "SELECT 1 AS ta|",
        "SELECT 12|",
        "SELECT * FROM tables|",
        "WITH x AS (SELECT 1) SELECT x.|",
    ],
)
def test_nothing_is_offered_where_nothing_fits(text: str) -> None:
    assert offered(text) == []


def test_a_closed_string_is_over() -> None:
    assert offered("SELECT 'a' FROM ta|") == ["tables"]


@given(st.text("sel ect.'\"-/*\n()t,", max_size=30), st.integers(0, 30))
def test_any_text_is_taken(text: str, at: int) -> None:
    at = min(at, len(text))
    assert 0 <= offer(text, at).start <= at


def test_every_column_can_be_asked_for() -> None:

    connection = duckdb.connect()
    for table, columns in columns_of().items():
        made = ", ".join(f"1 AS {column}" for column in columns)
        assert connection.execute(f"SELECT {', '.join(columns)} FROM (SELECT {made}) {table}").fetchall()
