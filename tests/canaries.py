"""Looks for secrets in all that nuvyn wrote while the tests ran: every secret of a test has `canary` in it.

Looked at are the homes (store, mirror, logs, stages, drafts and whatever else is there) and what was sent to a
warehouse; not what a test wrote itself: payloads, configurations and lakes. `python -m tests.canaries FOLDER` looks
through what the tests left in pytest's `--basetemp`.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

CANARIES = (b"canary", b"Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq")
"""The second is Azurite's key, which is the same everywhere."""
_HOMES = ("jobs.sqlite", "mirror.duckdb")
_GIVEN = ("payload", "config.toml")


def written(folder: Path) -> Iterator[Path]:
    """The files below a folder that nuvyn wrote."""
    homes = {path.parent for name in _HOMES for path in folder.rglob(f"{name}*")}
    volumes = {path for path in folder.rglob("volumes*") if path.is_dir()}
    for home in homes | volumes:
        for path in home.rglob("*"):
            if path.is_file() and not path.name.startswith(_GIVEN):
                yield path


def texts(path: Path) -> Iterator[bytes]:
    """All that a file holds: its bytes, and what it holds packed."""
    data = path.read_bytes()
    yield data
    if data.startswith(b"SQLite format 3"):
        # Long values lie in pieces.
        yield from _sqlite(path)
    elif data[8:12] == b"DUCK":
        yield from _duckdb(path)
    elif data.startswith(b"PAR1"):
        with suppress(Exception):
            yield repr(pq.read_table(path).to_pylist()).encode("utf-8", "replace")
    elif data.startswith(b"\x1f\x8b"):
        with suppress(Exception):
            yield gzip.decompress(data)


def leaks(path: Path) -> list[str]:
    """Each secret in a file, and what stands around it."""
    found = []
    for text in texts(path):
        low = text.lower()
        for canary in CANARIES:
            if (at := low.find(canary.lower())) >= 0:
                found.append(f"{path}: {text[max(0, at - 80) : at + 60]!r}")
    return found


def main(folder: Path) -> int:
    """Look through a folder, and tell; 1 when there are secrets, or when nothing was written at all."""
    files = sorted(written(folder))
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        found = [leak for each in processes.map(leaks, files, chunksize=20) for leak in each]
    for leak in found:
        print(leak)
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files):,} files that nuvyn wrote, {size >> 20:,} MB: {len(found)} secrets")
    return int(bool(found) or not files)


def _sqlite(path: Path) -> Iterator[bytes]:
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            yield repr(database.execute(f'SELECT * FROM "{table}"').fetchall()).encode("utf-8", "replace")


def _duckdb(path: Path) -> Iterator[bytes]:
    with suppress(duckdb.Error), duckdb.connect(str(path), read_only=True) as database:
        tables = database.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()"
        )
        for schema, table in tables.fetchall():
            yield repr(database.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()).encode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
