"""MariaDB: the one that is installed, or the programs of Debian's packages unpacked into the cache."""

import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.certificate import self_signed_file
from tests.servers.run import CACHE, CannotStart, Launch, free_port, locked

OWNER, PASSWORD = "owner", "canary-of-mariadb"
TLS_ONLY = "tls_only"
"""A login, of the same password, that must be encrypted."""

_PACKAGES = ("mariadb-server-core", "mariadb-common", "libaio1", "libnuma1", "liburing2")
_TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")


def prepare(home: Path) -> Launch:
    server, share, libraries = _installed()
    data = home / "data"
    data.mkdir()
    base = ["--no-defaults", f"--basedir={share.parent.parent}", f"--datadir={data}", f"--lc-messages-dir={share}"]
    base += ["--user=root"] if os.geteuid() == 0 else []
    env = os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    script = "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
    script += "".join((share / name).read_text() for name in _TABLES)
    made = subprocess.run([server, *base, "--bootstrap"], input=script, capture_output=True, text=True, env=env)
    if made.returncode:
        raise CannotStart(f"its tables could not be made: {made.stderr[-600:]}")
    start = home / "start.sql"
    users = (f"'{OWNER}'@'%' IDENTIFIED BY '{PASSWORD}'", f"'{TLS_ONLY}'@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
    grant = f"GRANT ALL ON *.* TO '{OWNER}'@'%' WITH GRANT OPTION;\nGRANT SELECT ON *.* TO '{TLS_ONLY}'@'%';\n"
    start.write_text("".join(f"CREATE USER {user};\n" for user in users) + grant)
    certificate = self_signed_file(home)
    port = free_port()
    command = [str(server), *base, "--bind-address=127.0.0.1", f"--port={port}", f"--socket={home}/socket"]
    command += [f"--init-file={start}", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"]
    command += [f"--ssl-cert={certificate}", f"--ssl-key={certificate}"]
    found = MariaDb("127.0.0.1", str(port), str(certificate))
    return Launch(
        command, {"host": found.host, "port": found.port, "certificate": found.certificate}, found.serves, env=env
    )


def _installed() -> tuple[Path, Path, str]:
    """The server's program, its shared files, and where its libraries are when not in the usual place."""
    for name in ("mariadbd", "mysqld"):
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        share = Path("/usr/share/mysql")
        if found and (share / _TABLES[0]).exists():
            return Path(found), share, ""
    root = CACHE / "mariadb"
    with locked(CACHE / "mariadb.lock"):
        if not (root / "usr/sbin/mariadbd").exists():
            _unpack(root)
    libraries = [str(path) for path in root.glob("**/*-linux-gnu*") if path.is_dir()]
    return root / "usr/sbin/mariadbd", root / "usr/share/mysql", ":".join(libraries)


def _unpack(root: Path) -> None:
    if os.environ.get("NUVYN_TEST_OFFLINE"):
        raise CannotStart(f"it is not in {CACHE}, and NUVYN_TEST_OFFLINE forbids to fetch it")
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise CannotStart("there is no mariadbd; install MariaDB's server")
    fetched = CACHE / "mariadb-packages"
    fetched.mkdir(parents=True, exist_ok=True)
    download = ["apt-get", "download", *_PACKAGES]
    done = subprocess.run(download, cwd=fetched, capture_output=True, text=True)
    if done.returncode and os.geteuid() == 0:
        # A new machine has no lists of packages yet.
        subprocess.run(["apt-get", "update"], capture_output=True)
        done = subprocess.run(download, cwd=fetched, capture_output=True, text=True)
    if done.returncode:
        raise CannotStart(f"there is no mariadbd, and its packages cannot be fetched: {done.stderr[-300:]}")
    for package in fetched.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    shutil.rmtree(fetched)


@dataclass(frozen=True)
class MariaDb:
    """The running server."""

    host: str
    port: str
    certificate: str

    def serves(self) -> bool:
        """Whether it answers."""
        import pymysql

        try:
            self.execute("SELECT 1")
        except pymysql.Error:
            return False
        return True

    def url(self, database: str = "", user: str = OWNER, password: str = PASSWORD) -> str:
        return f"mysql://{user}:{password}@{self.host}:{self.port}/{database}"

    def execute(self, sql: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Run one statement, or several when none gives rows; the rows of the only one."""
        import pymysql
        from pymysql.constants import CLIENT

        with (
            pymysql.connect(
                host=self.host,
                port=int(self.port),
                user=OWNER,
                password=PASSWORD,
                database=database,
                autocommit=True,
                client_flag=CLIENT.MULTI_STATEMENTS,
                connect_timeout=5,
            ) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
            rows = list(cursor.fetchall())
            while cursor.nextset():
                pass
            return rows

    def database(self, sql: str = "") -> str:
        """A new database with what `sql` makes in it; returns its name."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        if sql:
            self.execute(sql, name)
        return name
