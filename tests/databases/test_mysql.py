"""MariaDB's catalog: everything a database may hold, in three queries."""

from __future__ import annotations

from tests.databases.reading import Read
from tests.servers.mariadb import MariaDb

EVERYTHING = """
CREATE TABLE `T a.b` (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'who it is', big BIGINT UNSIGNED, tiny TINYINT,
    yes TINYINT(1), b BIT(1),
    bits BIT(9), m ENUM('a', 'b'), s SET('x', 'y'), j JSON, d DECIMAL(10,2) UNSIGNED, plain DECIMAL, at DATETIME(3),
    moment TIMESTAMP NULL, y YEAR, t TIME, f FLOAT, dd DOUBLE, txt LONGTEXT, raw VARBINARY(16), blb MEDIUMBLOB,
    g POINT, u UUID, ip INET6, twice INT AS (tiny * 2) STORED, c CHAR(3) NOT NULL, PRIMARY KEY (id, c)
) COMMENT = 'odd';
CREATE VIEW plain AS SELECT id, c, txt FROM `T a.b`;
CREATE TABLE gone (a INT);
CREATE VIEW dangling AS SELECT a FROM gone;
DROP TABLE gone;
CREATE TABLE sales (k INT, day DATE) PARTITION BY RANGE COLUMNS (day) (
    PARTITION p24 VALUES LESS THAN ('2025-01-01'), PARTITION p25 VALUES LESS THAN (MAXVALUE));
INSERT INTO sales VALUES (1, '2024-05-01'), (2, '2025-05-01');
CREATE TABLE counted (a INT) ENGINE = Aria;
INSERT INTO counted VALUES (1), (2);
"""


def test_everything_a_database_may_hold(mariadb: MariaDb) -> None:
    name = mariadb.database(EVERYTHING)
    mariadb.execute("ANALYZE TABLE sales", name)
    read = Read(mariadb.url(name))
    assert {table.removeprefix(f"{name}."): row["grouping"] for table, row in read.tables.items()} == {
        "T a.b": "table",
        "counted": "table",
        "dangling": "view",
        "plain": "view",
        "sales": "partitioned table",
    }
    odd = f"{name}.T a.b"
    assert read.types(odd) == {
        "id": "bigint",
        "big": "decimal(20,0)",
        "tiny": "tinyint",
        "yes": "boolean",
        "b": "boolean",
        "bits": "binary",
        "m": "string",
        "s": "string",
        "j": "string",
        "d": "decimal(10,2)",
        "plain": "decimal(10,0)",
        "at": "timestamp_ntz",
        "moment": "timestamp",
        "y": "smallint",
        "t": "time",
        "f": "float",
        "dd": "double",
        "txt": "string",
        "raw": "binary",
        "blb": "binary",
        "g": "geometry",
        "u": "string",
        "ip": "string",
        "twice": "int",
        "c": "string",
    }
    assert read.names(odd, "is_primary_key") == ["id", "c"]
    assert [row["column_name"] for row in read.columns(odd) if not row["is_nullable"]] == ["id", "c"]
    assert (read.tables[odd]["comment"], read.columns(odd)[0]["comment"]) == ("odd", "who it is")
    assert [row["is_nullable"] for row in read.columns(f"{name}.plain")] == [False, False, True]
    sales = read.tables[f"{name}.sales"]
    assert (sales["row_count"], sales["file_count"], sales["partition_columns"]) == (2, 2, ["day"])
    counted = read.tables[f"{name}.counted"]
    assert (counted["row_count"], counted["row_count_source"]) == (2, "database")
    assert "references invalid table" in read.tables[f"{name}.dangling"]["warnings"][0]
    assert read.sums.requests == {"QUERY": 3}


def test_rows_are_counted_when_asked_and_a_view_that_fails_costs_nothing(mariadb: MariaDb) -> None:
    name = mariadb.database(EVERYTHING)
    read = Read(mariadb.url(name), row_counts="exact")
    assert (read.tables[f"{name}.sales"]["row_count"], read.tables[f"{name}.T a.b"]["row_count"]) == (2, 0)
    assert read.tables[f"{name}.dangling"]["row_count"] is None


def test_names_that_look_like_placeholders_are_counted(mariadb: MariaDb) -> None:
    name = mariadb.database("CREATE TABLE `a%sb %(x)s :y` (`c%d` INT); INSERT INTO `a%sb %(x)s :y` VALUES (1)")
    read = Read(mariadb.url(name), row_counts="exact")
    [table] = read.tables.values()
    assert (table["row_count"], table["row_count_source"], table["warnings"]) == (1, "counted", [])


def test_without_a_database_all_that_the_login_may_see(mariadb: MariaDb) -> None:
    first, second = mariadb.database("CREATE TABLE a (x INT)"), mariadb.database("CREATE TABLE b (x INT)")
    read = Read(mariadb.url(), include=(f"{first}.*", f"{second}.*"))
    assert set(read.tables) == {f"{first}.a", f"{second}.b"}
    assert not any(table.startswith(("mysql.", "sys.", "information_schema.")) for table in Read(mariadb.url()).tables)
