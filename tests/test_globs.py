import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.globs import selector, table_matcher, translate


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "x/a.csv", False),
        ("**/*.csv", "x/y/a.csv", True),
        ("**/*.csv", "a.csv", True),
        ("sales/**", "sales/a/b", True),
        ("sales/**", "sale/a", False),
        ("a[0-9].csv", "a7.csv", True),
        ("a[!0-9].csv", "a7.csv", False),
        ("a?c", "a/c", False),
        ("a[b", "a[b", True),
    ],
)
def test_patterns(pattern: str, key: str, matches: bool) -> None:
    assert bool(translate(pattern).fullmatch(key)) is matches


@given(st.text(st.characters(exclude_characters="*?[{"), min_size=1))
def test_a_pattern_without_wildcards_matches_just_itself(text: str) -> None:
    assert translate(text).fullmatch(text)
    assert not translate(text).fullmatch(text + "x")


def test_include_and_exclude() -> None:
    wanted = selector(["sales/**", "*.parquet"], ["**/tmp/**"])
    assert wanted("sales/a.csv") and wanted("x/y.parquet")
    assert not wanted("other/a.csv") and not wanted("sales/tmp/a.csv")
    assert selector([], [])("anything")


def test_a_pattern_may_hold_the_name_of_the_table() -> None:
    match = table_matcher("raw_{table}", "in/{table}/*.csv")
    assert match("in/orders/1.csv") == "raw_orders"
    assert match("in/a/b/1.csv") is None
