from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres


def test_up(postgres: Postgres, mariadb: MariaDb) -> None:
    name = postgres.database("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
    assert postgres.execute("SELECT a, current_setting('server_version') FROM t", name)[0][0] == 1
    name = mariadb.database("CREATE TABLE t (a int primary key); INSERT INTO t VALUES (1)")
    assert mariadb.execute("SELECT a FROM t", name) == [(1,)]
