"""PostgreSQL's catalog: everything a schema may hold, in three queries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.catalog import CountSource
from core.databases.base import Kind
from core.databases.inspector import Inspected
from core.databases.postgresql import PostgreSql
from core.databases.server import Server
from core.errors import SourceError
from core.sources.locations import locate
from tests.databases.reading import Read
from tests.servers.postgres import Postgres
from tests.servers.proxy import Proxy

EVERYTHING = '''
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN count AS int NOT NULL CHECK (value > 0);
CREATE DOMAIN small_count AS count CHECK (value < 10);
CREATE TYPE address AS (street text, number small_count);
CREATE SCHEMA "Odd.Name";
CREATE TABLE "Odd.Name"."T a.b" (
    id bigint GENERATED ALWAYS AS IDENTITY, "Part" text, m mood, d small_count, a address, list int[], moods mood[],
    n numeric, exact numeric(5,2), moment timestamptz, clock timestamp(3), j jsonb, r int4range, u uuid, i interval,
    b bit(3), cash money, bytes bytea, twice int GENERATED ALWAYS AS (1 + 1) STORED, c char(5), t time, x xml,
    real4 real, real8 double precision, small smallint, yes boolean, day date, "says ""hi""" text,
    PRIMARY KEY ("Part", id));
COMMENT ON TABLE "Odd.Name"."T a.b" IS 'odd';
COMMENT ON COLUMN "Odd.Name"."T a.b".m IS 'how it is';
CREATE VIEW plain AS SELECT id, m FROM "Odd.Name"."T a.b";
CREATE MATERIALIZED VIEW kept AS SELECT generate_series(1, 7) AS n;
CREATE TABLE sales (k int, day date, PRIMARY KEY (k, day)) PARTITION BY RANGE (day);
CREATE TABLE sales_24 PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (k);
CREATE TABLE sales_24_1 PARTITION OF sales_24 FOR VALUES IN (1);
CREATE TABLE sales_25 PARTITION OF sales FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO sales VALUES (1, '2024-05-01'), (1, '2024-05-02'), (2, '2025-05-01');
CREATE TABLE never_analyzed (a int);
'''


def test_everything_a_schema_may_hold(postgres: Postgres) -> None:
    name = postgres.database(EVERYTHING)
    postgres.execute("ANALYZE sales", name)
    postgres.execute("ANALYZE kept", name)
    read = Read(postgres.url(name))
    assert {name: row["grouping"] for name, row in read.tables.items()} == {
        "Odd.Name.T a.b": "table",
        "public.kept": "materialized view",
        "public.never_analyzed": "table",
        "public.plain": "view",
        "public.sales": "partitioned table",
    }
    odd = "Odd.Name.T a.b"
    assert read.types(odd) == {
        "id": "bigint",
        "Part": "string",
        "m": "string",
        "d": "int",
        "a": "struct<street:string,number:int>",
        "list": "array<int>",
        "moods": "array<string>",
        "n": "decimal(38,18)",
        "exact": "decimal(5,2)",
        "moment": "timestamp",
        "clock": "timestamp_ntz",
        "j": "string",
        "r": "string",
        "u": "string",
        "i": "interval",
        "b": "string",
        "cash": "decimal(19,2)",
        "bytes": "binary",
        "twice": "int",
        "c": "string",
        "t": "time",
        "x": "string",
        "real4": "float",
        "real8": "double",
        "small": "smallint",
        "yes": "boolean",
        "day": "date",
        'says "hi"': "string",
    }
    assert read.names(odd, "is_primary_key") == ["id", "Part"]
    assert [row["column_name"] for row in read.columns(odd) if not row["is_nullable"]] == ["id", "Part", "d"]
    assert (read.tables[odd]["comment"], read.columns(odd)[2]["comment"]) == ("odd", "how it is")
    assert read.columns(odd)[3]["native_type"] == "small_count"
    sales = read.tables["public.sales"]
    assert (sales["row_count"], sales["row_count_source"], sales["file_count"]) == (3, CountSource.ESTIMATED, 2)
    assert sales["partition_columns"] == ["day"] and read.names("public.sales", "is_partition") == ["day"]
    assert (read.tables["public.kept"]["row_count"], read.tables["public.never_analyzed"]["row_count"]) == (7, None)
    assert read.sums.requests == {"QUERY": 3}
    assert Read(postgres.url(name), include=("public.*",), exclude=("*.sales",)).tables.keys() == {
        "public.kept",
        "public.never_analyzed",
        "public.plain",
    }


def test_rows_are_counted_when_asked(postgres: Postgres) -> None:
    name = postgres.database(EVERYTHING)
    read = Read(postgres.url(name), row_counts="exact")
    found = {name: (row["row_count"], row["row_count_source"]) for name, row in read.tables.items()}
    assert found["public.sales"] == (3, "counted") and found["public.never_analyzed"] == (0, "counted")
    assert found["public.plain"] == (None, None)


def test_names_that_look_like_placeholders_are_counted(postgres: Postgres) -> None:
    name = postgres.database('CREATE TABLE "a%sb %(x)s :y" ("c%d" int)')
    postgres.execute('INSERT INTO "a%sb %(x)s :y" VALUES (1)', name)
    read = Read(postgres.url(name), row_counts="exact")
    [table] = read.tables.values()
    assert (table["row_count"], table["row_count_source"], table["warnings"]) == (1, "counted", [])


def test_what_an_index_of_a_key_includes_is_no_key(postgres: Postgres) -> None:
    name = postgres.database("CREATE TABLE t (a int, b int, PRIMARY KEY (a) INCLUDE (b))")
    assert Read(postgres.url(name)).names("public.t", "is_primary_key") == ["a"]


def test_sqlalchemys_inspector_finds_the_same(postgres: Postgres) -> None:
    """The way that every other dialect goes, on a server that is here."""
    name = postgres.database(EVERYTHING)
    location = locate(postgres.url(name))
    server = Server(location, statement_timeout_s=30)
    try:
        ours = {r.full_name: r for r in PostgreSql().relations(server, lambda _: None)}
        theirs = {r.full_name: r for r in Inspected(server, location.shown).relations(server, lambda _: None)}
    finally:
        server.close()
    assert ours.keys() == theirs.keys() - {"public.sales_24", "public.sales_24_1", "public.sales_25"}
    for table, relation in ours.items():
        assert [c.name for c in relation.columns] == [c.name for c in theirs[table].columns]
        assert [c.is_key for c in relation.columns] == [c.is_key for c in theirs[table].columns]
        assert relation.comment == theirs[table].comment
    unknown = next(c for c in theirs["Odd.Name.T a.b"].columns if c.name == "a")
    assert (unknown.type, unknown.native_type) == ("string", None), "a type that the dialect does not know"
    assert theirs["public.kept"].kind is Kind.MATERIALIZED_VIEW and theirs["public.plain"].kind is Kind.VIEW


def test_a_line_that_breaks_under_the_inspector_is_no_warning(postgres: Postgres) -> None:
    name = postgres.database("CREATE SCHEMA other; CREATE TABLE other.t (a int)")
    with Proxy(postgres.host, int(postgres.port), b"pg_attribute") as proxy:
        location = locate(replace(postgres, port=str(proxy.port)).url(name))
        server = Server(location, statement_timeout_s=30)
        try:
            with pytest.raises(SourceError) as caught:
                list(Inspected(server, location.shown).relations(server, lambda _: None))
        finally:
            server.close()
    assert caught.value.transient and proxy.cuts == 1


def test_many_tables_take_no_more_queries(postgres: Postgres) -> None:
    tables = "".join(f"CREATE TABLE t{at} (id int PRIMARY KEY, a text, b date);" for at in range(300))
    read = Read(postgres.url(postgres.database(tables)))
    assert (read.sums.tables_found, read.sums.columns_found, read.sums.requests) == (300, 900, {"QUERY": 3})


def test_a_schema_that_is_not_open_is_a_warning(postgres: Postgres) -> None:
    name = postgres.database("CREATE SCHEMA secret; CREATE TABLE secret.t (a int); CREATE TABLE open (a int);")
    user = f"reader_{name[-6:]}"
    postgres.execute(f"CREATE USER {user} PASSWORD 'reading-is-fun'")
    read = Read(postgres.url(name, user, "reading-is-fun"), row_counts="exact")
    assert list(read.tables) == ["public.open"]
    assert "schema secret is not open to this login" in read.sums.warnings[0]
    [told] = read.tables["public.open"]["warnings"]
    assert "could not be counted" in told and "permission denied" in told
