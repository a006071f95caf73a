"""Browsing, searching and comparing the mirror."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.mirror.browse import Browser, question_about
from core.mirror.compare import Side, compare
from core.mirror.mirror import Mirror
from core.mirror.search import MOST_HITS, search
from tests.mirror.catalogs import NOON, commit_catalog
from tests.mirror.test_mirror import staged


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "mirror.duckdb")


def test_a_mirror_that_is_not_there_has_no_workflows_and_no_hits(mirror: Mirror) -> None:
    assert Browser(mirror).workflows() == []
    assert search(mirror, "x").hits == ()


def test_workflows_sources_tables_and_columns_are_found_from_the_top(mirror: Mirror, tmp_path: Path) -> None:
    commit_catalog(mirror, tmp_path, "w", "s", {"b/orders": ["id", "day"], "a": ["x"]})
    commit_catalog(mirror, tmp_path, "w", "t", {"c": ["y"]})
    browser = Browser(mirror)
    [workflow] = browser.workflows()
    assert (workflow.sources, workflow.tables, workflow.columns) == (2, 3, 4)
    assert [source.source_id for source in browser.sources("w")] == ["s", "t"]
    assert [(table.name, table.rows) for table in browser.table_names("w", "s")] == [("a", 7), ("b/orders", 7)]
    orders = browser.table("w", "s", "b/orders")
    assert orders is not None and (orders.rows, orders.files, orders.partitions) == (7, 1, ())
    assert browser.table("w", "s", "gone") is None
    assert [share.name for share in browser.largest("w", "s", "b/")] == ["b/orders"]
    assert [column.name for column in browser.columns("w", "s", "b/orders")] == ["id", "day"]
    assert [file.path for file in browser.files("w", "s", "a")] == ["a"]
    assert [(share.name, share.count) for share in browser.formats("w", "s")] == [("parquet", 2)]


def test_search_puts_whole_names_first_ignores_case_and_says_when_there_is_more(mirror: Mirror, tmp_path: Path) -> None:
    commit_catalog(mirror, tmp_path, "w", "s", {"t": ["my_order", "Order", "order_id", "x"], "orders": ["y"]})
    found = search(mirror, "ORDER")
    assert [hit.column or hit.table for hit in found.hits] == ["Order", "orders", "order_id", "my_order"]
    assert not found.more
    assert len(search(mirror, "bigint").hits) == 5
    assert search(mirror, "  ").hits == ()
    commit_catalog(mirror, tmp_path, "w", "wide", {"t": [f"column_{n}" for n in range(MOST_HITS + 5)]})
    found = search(mirror, "column_")
    assert len(found.hits) == MOST_HITS and found.more


def test_search_takes_percent_and_quote_as_they_are(mirror: Mirror, tmp_path: Path) -> None:
    commit_catalog(mirror, tmp_path, "w", "s", {"t": ["100%", "o'clock", "x_y", "xay"]})
    assert [hit.column for hit in search(mirror, "%").hits] == ["100%"]
    assert [hit.column for hit in search(mirror, "o'c").hits] == ["o'clock"]
    assert [hit.column for hit in search(mirror, "x_").hits] == ["x_y"]


def test_sources_are_compared_table_by_table(mirror: Mirror, tmp_path: Path) -> None:
    a = {"same": {"x": "int"}, "gone": {"g": "int"}, "both": {"k": "int", "t": "int", "old": "int"}}
    b = {"same": {"x": "int"}, "fresh": {"f": "int"}, "both": {"k": "int", "t": "bigint", "new": "int"}}
    mirror.commit([staged(tmp_path, a, "a"), staged(tmp_path, b, "b")], NOON)
    found = compare(mirror, Side("w", "a"), Side("w", "b"))
    lines = [(line.kind, line.table, line.column) for line in found.differences]
    assert lines == [
        ("type differs", "both", "t"),
        ("only in B", "both", "new"),
        ("only in A", "both", "old"),
        ("only in B", "fresh", None),
        ("only in A", "gone", None),
        ("same", "both", "k"),
        ("same", "same", "x"),
    ]
    assert found.tables == {"only in A": 1, "only in B": 1, "same": 2}
    assert found.columns == {"only in A": 1, "only in B": 1, "type differs": 1, "nullability differs": 0, "same": 2}
    assert found.count() == len(found.differences) and found.count("only in A") == 2
    assert ("int", 5, 4) in found.types and ("bigint", 0, 1) in found.types


def test_two_tables_are_compared_whatever_they_are_called(mirror: Mirror, tmp_path: Path) -> None:
    tables = {"one": {"x": "int", "y": "int"}, "two": {"x": "int", "z": "int"}}
    mirror.commit([staged(tmp_path, tables)], NOON)
    found = compare(mirror, Side("w", "s", "one"), Side("w", "s", "two"))
    assert [(line.kind, line.column) for line in found.differences] == [
        ("only in A", "y"),
        ("only in B", "z"),
        ("same", "x"),
    ]


def test_a_question_about_a_folder_asks_for_its_tables_only_and_takes_quotes(mirror: Mirror, tmp_path: Path) -> None:
    commit_catalog(mirror, tmp_path, "w", "it's", {"a/x": ["k"], "a/y": ["k"], "b": ["k", "l"]})
    folder = mirror.query(question_about("w", "it's", prefix="a/")).to_pylist()
    assert [row["table_name"] for row in folder] == ["a/x", "a/y"]
    assert mirror.query(question_about("w", "it's", "b")).num_rows == 2
    assert mirror.query(question_about("w")).to_pylist()[0]["source_id"] == "it's"
