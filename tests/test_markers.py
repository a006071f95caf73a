import pytest

from core.markers import ignored_reason, is_log, lakehouses, owner


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("t/_SUCCESS", "marker"),
        ("t/.part-0.parquet.crc", "marker"),
        ("t/_temporary/0/part", "temporary"),
        (".DS_Store", "hidden"),
        ("a/.hidden/x.csv", "hidden"),
        ("folder/", "folder placeholder"),
        ("x_$folder$", "marker"),
        ("shop.db-wal", "log of a database"),
        ("shop.SQLite-journal", "log of a database"),
        ("shop.duckdb.wal", "log of a database"),
        ("shop.wal", None),
        ("t/_orders.csv", None),
        ("a/../b.csv", None),
        ("./a.csv", None),
        ("a//b.csv", None),
        ("/a.csv", None),
    ],
)
def test_what_is_no_data(key: str, reason: str | None) -> None:
    assert ignored_reason(key, 10) == reason


def test_an_empty_object_is_no_data() -> None:
    assert ignored_reason("a.csv", 0) == "empty"


def test_lakehouse_folders_are_seen_in_the_listing() -> None:
    found = lakehouses(["d/_delta_log/0.json", "d/p.parquet", "i/metadata/v1.metadata.json", "h/.hoodie/x", "p/x.csv"])
    assert {root: table.kind for root, table in found.items()} == {"d": "delta", "i": "iceberg", "h": "hudi"}


def test_a_lakehouse_may_be_the_source_itself() -> None:
    found = lakehouses(["_delta_log/0.json", "p.parquet"])
    table = owner("p.parquet", found)
    assert table is not None and table.root == ""
    assert is_log("_delta_log/0.json", table)


def test_what_lies_inside_belongs_to_the_outermost_table() -> None:
    found = lakehouses(["d/_delta_log/0.json", "d/x/_delta_log/0.json"])
    assert set(found) == {"d"}
    assert owner("d/x/y/p.parquet", found) == found["d"]
    assert owner("dd/p.parquet", found) is None
