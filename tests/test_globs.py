import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core import globs
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


WILD = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "?", "{table}", "[ab]", "[!a]"]), max_size=9)


@given(WILD.map("".join), st.text("ab/", max_size=10))
def test_many_stars_match_what_trying_every_place_would(pattern: str, key: str) -> None:
    assume(len(re.findall(r"(?<![/*])\*\*/", pattern)) <= 2)
    slow = re.compile("".join(globs._simple(globs._tokens(pattern))), re.DOTALL)
    assert bool(translate(pattern).fullmatch(key)) is bool(slow.fullmatch(key))


@pytest.mark.parametrize(
    "pattern",
    [
        "*a*a*a*a*a*a*a*a*b",
        "**a**a**a**a**a**b",
        "*a*/*a*/*a*/*a*/*a*/b",
        "{table}*{table}*{table}*b",
        "**/*a/**/*a/**/b",
    ],
)
def test_no_pattern_takes_longer_than_a_key_is_worth(pattern: str) -> None:
    """Trying every place for every star would outlast the test run."""
    assert not translate(pattern).fullmatch("a" * 1000)
    assert not translate(pattern).fullmatch(("a" * 50 + "/") * 20)
