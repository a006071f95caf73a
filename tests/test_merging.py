"""Many schemas as one: order, widening, and what is said of what does not fit."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from core.catalog import Column, TypeSource
from core.merging import SchemaUse, merge


def use(first: str, count: int = 1, **types: str) -> SchemaUse:
    return SchemaUse(tuple(Column(n, t, nullable=False) for n, t in types.items()), count, first)


def guessed(first: str, **types: str) -> SchemaUse:
    return SchemaUse(tuple(Column(n, t, type_source=TypeSource.INFERRED) for n, t in types.items()), 1, first)


def test_columns_stand_in_first_seen_order_of_the_keys() -> None:
    columns, _ = merge([use("b", x="int", z="int"), use("a", x="int", y="int")])
    assert [c.name for c in columns] == ["x", "y", "z"]


def test_a_column_missing_in_some_files_is_nullable_and_counted() -> None:
    columns, _ = merge([use("a", 3, x="int"), use("b", 2, x="int", y="int")])
    assert [(c.name, c.nullable, c.present_in_files) for c in columns] == [("x", False, 5), ("y", True, 2)]


def test_types_widen_without_loss_and_the_variants_are_kept() -> None:
    [column], warnings = merge([use("a", x="int"), use("b", x="bigint")])
    assert (column.type, column.type_variants, warnings) == ("bigint", ("int", "bigint"), [])


def test_what_does_not_widen_is_string_with_both_files_named() -> None:
    [column], [warning] = merge([use("jan.parquet", x="bigint"), use("feb.parquet", x="string")])
    assert (column.type, column.type_variants) == ("string", ("string", "bigint"))
    assert "jan.parquet" in warning and "feb.parquet" in warning


def test_guessed_integers_and_reals_are_reals_declared_ones_are_not() -> None:
    [column], _ = merge([guessed("a", x="bigint"), guessed("b", x="double")])
    assert column.type == "double"
    [column], _ = merge([use("a", x="bigint"), use("b", x="double")])
    assert column.type == "string"


def test_a_partition_column_that_is_also_in_the_files_is_left_out_here() -> None:
    columns, _ = merge([use("a", x="int", y="int")], leave_out=frozenset({"x"}))
    assert [c.name for c in columns] == ["y"]


def test_columns_of_one_name_in_one_file_stay_apart() -> None:
    twice = SchemaUse((Column("x", "int"), Column("x", "string")), 1, "a")
    columns, _ = merge([twice])
    assert [(c.name, c.type) for c in columns] == [("x", "int"), ("x", "string")]


types = st.sampled_from(["int", "bigint", "double", "string", "void", "date", "struct<a:int>"])
uses = st.lists(st.dictionaries(st.sampled_from("abc"), types, min_size=1), min_size=1, max_size=6).map(
    lambda found: [use(f"f{at}", **columns) for at, columns in enumerate(found)]
)


@given(uses, st.randoms(use_true_random=False))
def test_the_outcome_does_not_depend_on_the_order(found: list[SchemaUse], dice: random.Random) -> None:
    first = merge(found)
    dice.shuffle(found)
    assert merge(found) == first
