"""A database of 2,000 tables with 20 columns each: queries and seconds, against SQLAlchemy's bulk Inspector.

`python bench/database_catalogs.py` starts the test servers, fills them, and prints a table; it fails when a catalog
takes more than 12 queries, or longer than the Inspector.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb
import sqlalchemy
from sqlalchemy.engine.reflection import ObjectKind

from core.databases.open import open_database
from core.sources.locations import locate
from tests.servers import mariadb as mariadb_server
from tests.servers import postgres as postgres_server
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres
from tests.servers.run import shared, stop_all

TABLES, COLUMNS = 2_000, 20
MOST_QUERIES = 12


def made(table: int) -> str:
    """One table's statement."""
    columns = ", ".join(f"c{at} VARCHAR(20)" for at in range(1, COLUMNS))
    return f"CREATE TABLE t{table} (id INT PRIMARY KEY, {columns})"


def inspector(url: str, schema: str) -> float:
    """Seconds that SQLAlchemy's own reflection takes for columns, keys and comments."""
    engine = sqlalchemy.create_engine(url)
    began = time.monotonic()
    with engine.connect() as connection:
        found = sqlalchemy.inspect(connection)
        columns = found.get_multi_columns(schema=schema, kind=ObjectKind.ANY)
        found.get_multi_pk_constraint(schema=schema, kind=ObjectKind.ANY)
        found.get_multi_table_comment(schema=schema, kind=ObjectKind.ANY)
    seconds = time.monotonic() - began
    engine.dispose()
    assert len(columns) == TABLES
    return seconds


def main() -> int:
    """Fill, read, compare."""
    folder = Path(tempfile.mkdtemp(prefix="nuvyn-bench-"))
    try:
        postgres = Postgres(**shared(folder, "postgres", postgres_server.prepare))
        mariadb = MariaDb(**shared(folder, "mariadb", mariadb_server.prepare))
        statements = [made(at) for at in range(TABLES)]
        in_postgres = postgres.database(";".join(statements))
        in_mariadb = mariadb.database()
        for start in range(0, TABLES, 100):
            mariadb.execute(";".join(statements[start : start + 100]), in_mariadb)
        file = folder / "x.duckdb"
        with duckdb.connect(str(file)) as database:
            database.execute("BEGIN;" + ";".join(statements) + ";COMMIT")
        theirs = {
            "postgresql": inspector(postgres.url(in_postgres).replace("://", "+psycopg://"), "public"),
            "mariadb": inspector(mariadb.url(in_mariadb).replace("://", "+pymysql://"), in_mariadb),
        }
        urls = {
            "postgresql": postgres.url(in_postgres),
            "mariadb": mariadb.url(in_mariadb),
            "duckdb": f"duckdb:///{file}",
        }
        for kind, url in urls.items():
            connection, catalog = open_database(locate(url, "database"), statement_timeout_s=60)
            began = time.monotonic()
            found = list(catalog.relations(connection, print))
            seconds = time.monotonic() - began
            connection.close()
            queries = connection.requests["QUERY"]
            other = f"{theirs[kind]:6.2f} s by the Inspector" if kind in theirs else "no Inspector for it"
            print(f"{kind:12} {queries:3} queries  {seconds:6.2f} s  {other}", flush=True)
            assert (len(found), sum(len(table.columns) for table in found)) == (TABLES, TABLES * COLUMNS)
            assert queries <= MOST_QUERIES
            assert kind not in theirs or seconds < theirs[kind], f"{kind}: {seconds} s"
    finally:
        stop_all(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
