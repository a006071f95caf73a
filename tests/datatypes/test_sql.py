"""Declared SQL types as Spark's, in the words of each database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datatypes.spark import parse
from core.datatypes.sql import DUCKDB, SQLITE, Dialect, spark_type

MYSQL_LIKE = Dialect()


@pytest.mark.parametrize(
    ("declared", "dialect", "expected"),
    [
        ("INTEGER", DUCKDB, "int"),
        ("INTEGER", SQLITE, "bigint"),
        ("int(11) unsigned", MYSQL_LIKE, "bigint"),
        ("bigint unsigned", MYSQL_LIKE, "decimal(20,0)"),
        ("INT UNSIGNED", SQLITE, "bigint"),
        ("FLOAT", DUCKDB, "float"),
        ("FLOAT", SQLITE, "double"),
        ("double  precision", MYSQL_LIKE, "double"),
        ("DECIMAL(10,2)", DUCKDB, "decimal(10,2)"),
        ("decimal (7)", MYSQL_LIKE, "decimal(7,0)"),
        ("DECIMAL", DUCKDB, "decimal(18,3)"),
        ("NUMERIC(76,3)", MYSQL_LIKE, "string"),
        ("HUGEINT", DUCKDB, "decimal(38,0)"),
        ("UBIGINT", DUCKDB, "decimal(20,0)"),
        ("character varying(20)", MYSQL_LIKE, "string"),
        ("TIMESTAMP(6) WITH TIME ZONE", MYSQL_LIKE, "timestamp"),
        ("timestamp without time zone", MYSQL_LIKE, "timestamp_ntz"),
        ("TIMESTAMP_NS", DUCKDB, "timestamp_ntz"),
        ("TIME WITH TIME ZONE", DUCKDB, "time"),
        ("INTERVAL DAY TO SECOND", MYSQL_LIKE, "interval"),
        ("INTEGER[3][]", DUCKDB, "array<array<int>>"),
        ("integer array", MYSQL_LIKE, "array<int>"),
        ("ENUM('a', 'it''s, (b)')[]", DUCKDB, "array<string>"),
        ('STRUCT(a INTEGER, "b "" c" VARCHAR[])', DUCKDB, 'struct<a:int,`b " c`:array<string>>'),
        ("MAP(VARCHAR, STRUCT(x DECIMAL(4,1)))", DUCKDB, "map<string,struct<x:decimal(4,1)>>"),
        ("UNION(n INTEGER, s VARCHAR)", DUCKDB, "union<int,string>"),
        ("STRUCT(a NEVERHEARD)", DUCKDB, "struct<a:string>"),
        ("GEOMETRY('OGC:CRS84')", DUCKDB, "geometry"),
        ('"NULL"', DUCKDB, "void"),
        ("MULTIPOLYGON", SQLITE, "geometry"),
    ],
)
def test_what_is_declared_has_a_spark_type(declared: str, dialect: Dialect, expected: str) -> None:
    assert str(spark_type(declared, dialect)) == expected


@pytest.mark.parametrize(
    "declared", ["", "NEVERHEARD", "(", "a'b", "INTEGER)", "DECIMAL(x)", "STRUCT(", "STRUCT()", "[]"]
)
def test_what_says_nothing_has_none(declared: str) -> None:
    assert spark_type(declared, DUCKDB) is None


@given(st.text("aINT()[]\"', 1STRUCMAPY", max_size=40))
def test_any_text_has_a_type_that_can_be_read_back_or_none(declared: str) -> None:
    found = spark_type(declared, SQLITE)
    assert found is None or parse(str(found)) == found


def test_a_type_that_is_very_deep_has_none() -> None:
    assert spark_type("STRUCT(a " * 5000 + "INTEGER" + ")" * 5000, DUCKDB) is None
