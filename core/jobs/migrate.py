"""The job store's tables as this version of nuvyn has them.

`PRAGMA user_version` says which version made them: 0 is a new file, or one from before versions were counted. What is
added later is a step here, and in `schema.sql` as well, by which a new file is made.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from core.errors import StoreError
from core.points import reached

VERSION = 1
_STEPS: dict[int, str] = {}
"""SQL that makes a file of the version before one of this version, beyond the tables it lacks."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables what they should be; a copy of the file is kept before anything in it is changed.

    Raises:
        StoreError: a newer nuvyn made the file.
        sqlite3.Error: it is broken, or others have it.
    """
    # Kept in the file: everyone who opens it later finds it so.
    connection.execute("PRAGMA journal_mode = WAL")
    if _version(connection, path) == VERSION:
        return
    schema = resources.files("core.jobs").joinpath("schema.sql").read_text()
    # Others may do the same at the same time: the first does it.
    connection.isolation_level = None
    connection.execute("BEGIN IMMEDIATE")
    found = _version(connection, path)
    if found != VERSION:
        if connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
            _keep(path, found)
        steps = [_STEPS[step] for step in range(found + 1, VERSION + 1) if step in _STEPS]
        reached("migration: copied")
        # In one transaction: each statement by itself would be one write to the disk.
        for statement in _statements("\n".join([*steps, schema])):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    reached("migration: written")
    connection.execute("COMMIT")
    reached("migration: committed")


def kept_copies(path: Path) -> list[Path]:
    """The copies that were kept of a store, the newest version's last."""
    return sorted(path.parent.glob(f"{path.name}.v*"), key=lambda copy: copy.stat().st_mtime)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > VERSION:
        raise StoreError(
            f"the job store {path} was made by a newer nuvyn (its version {found}, this one knows {VERSION})",
            hint="install that version again, or use another home folder",
        )
    return found


def _keep(path: Path, version: int) -> None:
    """Copy the file as it is now, beside it; a copy of the same version that is there already stays."""
    copy = path.with_name(f"{path.name}.v{version}")
    if copy.exists():
        return
    partial = copy.with_name(f"{copy.name}.part")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(partial)) as target:
        source.backup(target)
    partial.replace(copy)


def _statements(script: str) -> list[str]:
    found, rest = [], ""
    for line in script.splitlines():
        rest += line + "\n"
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return found
