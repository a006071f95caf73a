"""Databricks as a source: Unity Catalog in three statements, the legacy metastore in one a schema."""

from __future__ import annotations

import pytest

from core.connections import connection_of
from core.databases.open import open_database
from core.datatypes.databricks import column_type, parse_tree
from core.errors import Fault, NuvynError, SourceError
from core.sources.locations import locate
from tests.command import Nuvyn
from tests.databases.reading import Read
from tests.servers.warehouse import HTTP_PATH, TOKEN, Warehouse

TYPES = {
    "id": "bigint",
    "deep": "struct<a:int,b:array<string>>",
    "m": "map<string,int>",
    "price": "decimal(10,2)",
    "day": "date",
    "moment": "timestamp",
}


@pytest.fixture
def lake(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    for catalog in ("unity", "hive_metastore"):
        place = f"{catalog}.sales"
        warehouse.engine.sql(f"CREATE SCHEMA {place}")
        warehouse.engine.sql(
            f"CREATE TABLE {place}.orders (id BIGINT PRIMARY KEY, deep STRUCT(a INTEGER, b VARCHAR[]),"
            " m MAP(VARCHAR, INTEGER), price DECIMAL(10,2) NOT NULL, day DATE, moment TIMESTAMPTZ)"
        )
        warehouse.engine.sql(f"COMMENT ON TABLE {place}.orders IS 'all orders'")
        warehouse.engine.sql(f"INSERT INTO {place}.orders (id, price) VALUES (1, 2.5), (2, 3)")
        warehouse.engine.sql(f"CREATE VIEW {place}.ids AS SELECT id FROM {place}.orders")
        warehouse.engine.parted[catalog, "sales", "orders"] = ["day"]
    warehouse.engine.sql("COMMENT ON COLUMN unity.sales.orders.price IS 'net'")
    for name, value in warehouse.environ().items():
        monkeypatch.setenv(name, value)
    return warehouse


def test_a_catalog_of_unity(lake: Warehouse) -> None:
    lake.engine.sql("CREATE SCHEMA unity.other")
    lake.engine.sql("CREATE TABLE unity.other.t (a INTEGER)")
    read = Read("databricks:///unity", row_counts="exact")
    assert {name: (row["grouping"], row["row_count"]) for name, row in read.tables.items()} == {
        "other.t": ("table", 0),
        "sales.ids": ("view", None),
        "sales.orders": ("table", 2),
    }
    assert read.types("sales.orders") == TYPES
    assert read.names("sales.orders", "is_primary_key") == ["id"]
    assert [row["column_name"] for row in read.columns("sales.orders") if not row["is_nullable"]] == ["id", "price"]
    orders = read.tables["sales.orders"]
    assert (orders["comment"], orders["partition_columns"], orders["file_type"]) == (
        "all orders",
        ["day"],
        "databricks",
    )
    assert read.columns("sales.orders")[3]["comment"] == "net"
    assert read.sums.requests == {"QUERY": 5}, "three, and one for each table that is counted"
    assert set(Read("databricks:///unity.sales").tables) == {"sales.ids", "sales.orders"}
    assert set(Read("databricks://?catalog=unity&schema=other").tables) == {"other.t"}


def test_the_legacy_metastore(lake: Warehouse) -> None:
    lake.engine.sql("CREATE TABLE hive_metastore.sales.bare (a INTEGER, b VARCHAR)")
    lake.engine.bare.add("bare")
    read = Read("databricks:///hive_metastore")
    assert read.types("sales.orders") == TYPES
    assert read.types("sales.bare") == {"a": "int", "b": "string"}, "its log has its columns"
    orders = read.tables["sales.orders"]
    assert (orders["row_count"], orders["row_count_source"], orders["size_bytes"]) == (12, "estimated", 4096)
    assert (orders["comment"], orders["partition_columns"]) == ("all orders", ["day"])
    assert read.tables["sales.ids"]["grouping"] == "view"
    assert read.sums.requests == {"QUERY": 3}
    lake.engine.denied.add("USE SCHEMA")
    with pytest.raises(SourceError) as caught:
        Read("databricks:///hive_metastore.sales")
    assert caught.value.fault is Fault.DENIED and "USE SCHEMA" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "token", "fault", "said"),
    [
        ("nowhere", TOKEN, Fault.NOT_FOUND, "there is no catalog nowhere"),
        ("unity", "wrong-token-123", Fault.CREDENTIALS, "refuses the access token"),
    ],
)
def test_what_cannot_be_read(lake: Warehouse, path: str, token: str, fault: Fault, said: str) -> None:
    told = {"kind": "databricks", "server_hostname": lake.address, "http_path": HTTP_PATH, "password": token}
    connection = connection_of("w", told, {})
    opened, catalog = open_database(locate(path, connection=connection), connection, statement_timeout_s=5)
    try:
        with pytest.raises(SourceError) as caught:
            list(catalog.relations(opened, lambda _: None))
    finally:
        opened.close()
    assert caught.value.fault is fault and said in caught.value.message and caught.value.hint
    assert token not in str(caught.value)


def test_a_statement_that_takes_too_long_is_taken_back(lake: Warehouse) -> None:
    lake.fail("slow", "information_schema", seconds=60)
    with pytest.raises(SourceError) as caught:
        Read("databricks:///unity", timeout_s=0.1)
    assert caught.value.fault is Fault.TIMEOUT and "timeout_s" in caught.value.hint
    assert lake.cancels


def test_without_a_warehouse_it_says_what_is_missing(bare_environment: None) -> None:
    with pytest.raises(NuvynError) as caught:
        Read("databricks://adb-1.2.example/main")
    assert "DATABRICKS_HTTP_PATH" in caught.value.message and "connection" in caught.value.hint


def test_a_token_goes_only_to_the_server_it_is_for(lake: Warehouse) -> None:
    with pytest.raises(NuvynError, match="DATABRICKS_ACCESS_TOKEN"):
        Read("databricks://elsewhere.example/main?http_path=/sql/1.0/warehouses/x")


def test_in_a_job_by_a_named_connection(lake: Warehouse, nuvyn: Nuvyn) -> None:
    (nuvyn.home / "config.toml").write_text(
        f'[connections.dbx]\nkind = "databricks"\nserver_hostname = "{lake.address}"\n'
        f'http_path = "{HTTP_PATH}"\naccess_token = "{TOKEN}"\n'
    )
    ran = nuvyn("run", nuvyn.payload({"uc": {"data_source_path": "unity.sales", "connection": "dbx"}}))
    assert ran.code == 0, ran.out
    rows = nuvyn.rows("SELECT table_name FROM tables ORDER BY ALL")
    assert [row["table_name"] for row in rows] == ["sales.ids", "sales.orders"]


def test_types_as_databricks_writes_them() -> None:
    written = {
        "varchar(20)": "string",
        "struct<a:int COMMENT 'it''s, really > 1',b:char(3)>": "struct<a:int,b:string>",
        "struct<`odd, name`:array<timestamp_ntz> NOT NULL>": "struct<`odd, name`:array<timestamp_ntz>>",
        "interval day to second": "interval",
        "variant": "variant",
        "string COLLATE UTF8_LCASE": "string",
        "map<string,decimal(38,0)>": "map<string,decimal(38,0)>",
    }
    assert {text: str(column_type(text)) for text in written} == written


def test_a_schema_as_spark_prints_it() -> None:
    text = """
 |-- a: b: integer (nullable = false)
 |-- list: array (nullable = true)
 |    |-- element: struct (containsNull = true)
 |    |    |-- x: long (nullable = true)
 |    |    |-- y: map (nullable = true)
 |    |    |    |-- key: string
 |    |    |    |-- value: decimal(10,2) (valueContainsNull = true)
 |-- last: byte (nullable = true)
"""
    found = [(branch.name, str(branch.type), branch.nullable) for branch in parse_tree(text)]
    assert found == [
        ("a: b", "int", False),
        ("list", "array<struct<x:bigint,y:map<string,decimal(10,2)>>>", True),
        ("last", "tinyint", True),
    ]
