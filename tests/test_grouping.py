"""Which files make one table: each rule, and that the order of listing changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog import Column
from core.formats.suffixes import strip_suffix
from core.globs import table_matcher
from core.grouping import Group, Member, Named, stem
from core.grouping import group as group_in_order

IDS = (Column("id", "bigint"), Column("name", "string"), Column("at", "timestamp"))
OTHER = (Column("sku", "string"), Column("price", "double"), Column("stock", "int"))


def member(key: str, columns: tuple[Column, ...] = IDS) -> Member:
    bare = strip_suffix(key)
    format_ = key[len(bare) :].split(".")[1] if bare != key else "csv"
    return Member(0, lambda _: key, format_, columns, key[len(bare) :])


def group(members: Iterable[Member], **options: Any) -> list[Group]:
    """In the order of their keys, as a listing gives them."""
    in_order = sorted(members, key=lambda m: m.key)
    return group_in_order([replace(m, at=at) for at, m in enumerate(in_order)], **options)


def tables(*members: Member, named: tuple[Named, ...] = ()) -> dict[str, list[str]]:
    found = group(members, root_name="root", named=named)
    return {g.name: [m.key for m in g.members] for g in found}


def one(*members: Member) -> Group:
    [found] = group(members, root_name="root")
    return found


def test_a_single_file_is_a_table_named_without_its_suffix() -> None:
    assert tables(member("sales/customers.csv")) == {"sales/customers": ["sales/customers.csv"]}
    assert tables(member("sales/customers.csv.gz")) == {"sales/customers": ["sales/customers.csv.gz"]}


def test_a_series_of_names_is_one_table_named_after_the_folder_it_fills() -> None:
    found = one(member("orders/orders_2024-01.csv"), member("orders/orders_2024-02.csv"))
    assert (found.name, found.path) == ("orders", "orders")


def test_a_series_beside_other_files_is_named_after_its_stem() -> None:
    keys = ("x/orders_2024-01.csv", "x/orders_2024-02.csv", "x/readme_items.csv")
    found = tables(*(member(k) for k in keys[:2]), member(keys[2], OTHER))
    assert found == {"x/orders": list(keys[:2]), "x/readme_items": [keys[2]]}


def test_a_series_with_incompatible_schemas_is_no_table() -> None:
    found = tables(member("x/part-1.csv"), member("x/part-2.csv", OTHER))
    assert sorted(map(tuple, found.values())) == [("x/part-1.csv",), ("x/part-2.csv",)]


def test_a_column_that_drifted_does_not_split_a_series() -> None:
    drifted = (Column("id", "string"), *IDS[1:])
    assert len(tables(member("x/p-1.parquet"), member("x/p-2.parquet", drifted))) == 1


def test_two_formats_in_one_folder_are_two_tables() -> None:
    keys = ("x/a-1.csv", "x/a-2.csv", "x/a-1.parquet", "x/a-2.parquet")
    found = tables(*(member(k) for k in keys))
    assert found == {"x/a.csv": list(keys[:2]), "x/a.parquet": list(keys[2:])}


def test_sibling_folders_that_look_alike_are_not_merged() -> None:
    assert set(tables(member("eu/orders.csv"), member("us/orders.csv"))) == {"eu/orders", "us/orders"}


def test_partition_folders_belong_to_the_folder_above_the_first() -> None:
    found = one(member("sales/year=2023/month=12/p-0.parquet"), member("sales/year=2024/month=01/p-0.parquet"))
    assert (found.name, found.partitions, found.path) == ("sales", ("year", "month"), "sales")


def test_drift_in_partition_folders_is_one_table() -> None:
    assert len(tables(member("t/d=1/f.parquet"), member("t/d=2/f.parquet", OTHER))) == 1


def test_two_tables_below_the_same_partition_folders_stay_two() -> None:
    keys = ("lake/d=1/orders.csv", "lake/d=2/orders.csv", "lake/d=1/stock.csv", "lake/d=2/stock.csv")
    found = tables(*(member(k) for k in keys[:2]), *(member(k, OTHER) for k in keys[2:]))
    assert found == {"lake/orders": list(keys[:2]), "lake/stock": list(keys[2:])}


def test_uneven_partition_folders_are_one_table_with_a_warning_and_no_key_lost() -> None:
    found = one(member("t/a=1/f.parquet"), member("t/a=1/b=2/f.parquet"))
    assert found.partitions == ("a", "b")
    assert "partition folders differ" in found.warnings[0]


def test_flat_files_beside_partition_folders_join_when_compatible() -> None:
    keys = ("t/old.parquet", "t/year=2024/new.parquet")
    assert tables(*(member(k) for k in keys)) == {"t": sorted(keys)}
    other = tables(member(keys[0], OTHER), member(keys[1]))
    assert set(map(len, other.values())) == {1}


def test_date_ladders_are_partitions_without_keys() -> None:
    found = one(*(member(f"events/2024/01/{day:02d}/e.json") for day in (1, 2, 3)))
    assert (found.name, found.partitions) == ("events", ("_year", "_month", "_day"))
    assert one(member("e/2024-01-31/x.csv"), member("e/20240201/x.csv")).partitions == ("_year", "_month", "_day")


def test_a_year_alone_is_a_folder_name() -> None:
    assert set(tables(member("2023/sales.csv"), member("2024/sales.csv"))) == {"2023/sales", "2024/sales"}


def test_a_table_in_the_root_is_named_after_the_root() -> None:
    assert one(member("p-1.csv"), member("p-2.csv")).name == "root"
    assert one(member("d=1/x.csv"), member("d=2/x.csv")).name == "root"


def test_names_that_clash_use_the_full_file_name() -> None:
    assert set(tables(member("a.csv"), member("a.parquet"))) == {"a.csv", "a.parquet"}


def test_a_name_that_another_table_has_is_not_taken() -> None:
    found = group([member("orders.csv"), member("x.csv")], root_name="root", reserved=frozenset({"orders"}))
    assert [g.name for g in found] == ["orders.csv", "x"]


def test_the_payload_names_tables_first() -> None:
    named = (Named("orders", table_matcher("orders", "in/**/orders*.csv")), Named("", table_matcher("", "x/{table}/*")))
    found = tables(
        member("in/a/orders1.csv"), member("in/b/c/orders2.csv", OTHER), member("x/stock/1.csv"), named=named
    )
    assert found == {"orders": ["in/a/orders1.csv", "in/b/c/orders2.csv"], "stock": ["x/stock/1.csv"]}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("orders_2024-01", "orders"),
        ("part-00000-3f2504e0-4f89-11d3-9a0c-0305e82c3301.c000", "part_c"),
        ("20240131_export", "export"),
        ("sales-jan-2024", "sales"),
        ("customers", "customers"),
        ("deadbeef", "deadbeef"),
    ],
)
def test_a_stem_is_what_a_series_shares(name: str, kept: str) -> None:
    assert stem(name) == kept


folders = st.sampled_from(["", "a/", "a/b/", "t/k=1/", "t/k=2/", "t/2024/01/", "t/2024/02/", "t/k=1/j=x/"])
files = st.sampled_from(["p-1.csv", "p-2.csv", "x.csv", "p-1.parquet", "2024.json", "q[1].csv"])
schemas = st.sampled_from([IDS, OTHER, (*IDS, *OTHER), (Column("id", "string"),)])
listings = st.lists(st.tuples(folders, files, schemas), unique_by=lambda m: (m[0], m[1]), max_size=25)


@given(listings, st.randoms(use_true_random=False))
def test_every_file_is_in_one_table_whatever_the_order(
    listing: list[tuple[str, str, tuple[Column, ...]]], dice: random.Random
) -> None:
    members = [member(folder + name, columns) for folder, name, columns in listing]
    first = tables(*members)
    dice.shuffle(members)
    assert tables(*members) == first
    assert sorted(key for keys in first.values() for key in keys) == sorted(m.key for m in members)
