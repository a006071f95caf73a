"""Real databases loaded into real servers, where a corpus of dumps lies beside the project.

`truth_db.json` has what SQLAlchemy and the servers' own catalogs say of them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb
import pytest

from tests.command import ROOT
from tests.databases.reading import Read
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres

CORPUS = ROOT.parent / "shared/corpora/public"
DUMPS = CORPUS / "databases"

pytestmark = pytest.mark.skipif(not DUMPS.exists(), reason=f"there are no dumps at {DUMPS}")

# What the servers call their types, by the written table of docs/databases.md.
TYPES = {
    "integer": "int",
    "int(11)": "int",
    "timestamp without time zone": "timestamp_ntz",
    "datetime": "timestamp_ntz",
}


def truth(file: str) -> dict[str, Any]:
    """Tables of a dump by name."""
    [found] = json.loads((CORPUS / "truth_db.json").read_text())[f"databases/{file}"].values()
    tables: dict[str, Any] = found
    return tables


def spark(native: str) -> str:
    """The Spark type that the table of types gives for what a dump has."""
    if native.startswith(("character varying", "varchar")):
        return "string"
    if found := re.fullmatch(r"(?:numeric|decimal)\((\d+),\s*(\d+)\)", native.lower()):
        return f"decimal({found[1]},{found[2]})"
    return TYPES[native.lower()]


def differences(read: Read, schema: str, expected: dict[str, Any]) -> list[str]:
    """In words, each way in which what was read is not what is expected."""
    found = {name.removeprefix(f"{schema}."): row for name, row in read.tables.items()}
    wrong = [f"{name}: only on one side" for name in found.keys() ^ expected.keys()]
    for name in found.keys() & expected.keys():
        table, row = expected[name], found[name]
        columns = read.columns(f"{schema}.{name}")
        sides = {
            "columns": ([c["column_name"] for c in columns], [c["name"] for c in table["columns"]]),
            "nullable": ([c["is_nullable"] for c in columns], [c["nullable"] for c in table["columns"]]),
            "comments": ([c["comment"] for c in columns], [c["comment"] for c in table["columns"]]),
            "keys": ([c["column_name"] for c in columns if c["is_primary_key"]], table["pk"]),
            "rows": (row["row_count"], table["row_count"]),
            "comment": (row["comment"], table["comment"]),
            "kind": (row["grouping"], table["kind"]),
        }
        if "db_type" in table["columns"][0]:
            sides["types"] = ([c["data_type"] for c in columns], [spark(c["db_type"]) for c in table["columns"]])
        for what, (ours, theirs) in sides.items():
            # The order of a composite key's columns is the table's here.
            if sorted(ours) != sorted(theirs) if what == "keys" else ours != theirs:
                wrong.append(f"{name}.{what}: {ours}, expected {theirs}")
    return wrong


def test_postgresql_has_what_the_truth_has(postgres: Postgres) -> None:
    file = "postgres/Chinook_PostgreSql.sql"
    dump = (DUMPS / file).read_text()
    name = postgres.database(re.sub(r"(?m)^(\\c|(DROP|CREATE) DATABASE).*$", "", dump))
    read = Read(postgres.url(name), row_counts="exact")
    assert not differences(read, "public", truth(file))


def test_mariadb_has_what_the_truth_has(mariadb: MariaDb) -> None:
    file = "mysql/Chinook_MySql.sql"
    name = mariadb.database(re.sub(r"(?im)^(drop database|create database|use ).*$", "", (DUMPS / file).read_text()))
    read = Read(mariadb.url(name), row_counts="exact")
    assert not differences(read, name, truth(file))


def test_sqlite_has_what_the_truth_has() -> None:
    file = "sqlite/Chinook_Sqlite.sqlite"
    assert not differences(Read(f"sqlite:///{DUMPS / file}"), "main", truth(file))


@pytest.mark.parametrize("file", ["duckdb/views_092.db", "duckdb/block_size_16kb.db"])
def test_duckdb_has_what_it_says_itself(file: str) -> None:
    """`truth_db.json` does not have these: each relation is asked one by one."""
    path = DUMPS / file
    read = Read(f"duckdb:///{path}")
    with duckdb.connect(":memory:") as database:
        database.execute(f"ATTACH '{path}' AS source (READ_ONLY)")
        names = database.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'source'"
        ).fetchall()
        assert {f"{schema}.{name}" for schema, name in names} == read.tables.keys()
        for schema, name in names:
            told = database.execute(f'DESCRIBE source."{schema}"."{name}"').fetchall()
            found = read.columns(f"{schema}.{name}")
            assert [(row["column_name"], row["native_type"]) for row in found] == [row[:2] for row in told]
