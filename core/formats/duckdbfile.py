"""DuckDB databases, read by DuckDB: every table and view is a table.

DuckDB asks for the blocks it needs: its catalog for the columns, and what it keeps of row groups for exact row counts.
So a database of any size takes a few ranges, and lies in no file of ours.
"""

from __future__ import annotations

import contextlib
import struct
from typing import TYPE_CHECKING, Literal

from core.catalog import FileReading, TableReading
from core.errors import Fault, FileError, first_line
from core.formats.base import Opened, ReadOptions, Steps
from core.formats.blocking import Ranges, run
from core.formats.duckdbtables import read_tables

if TYPE_CHECKING:
    import duckdb

_SECONDS = 30.0
# Three headers of 4 KiB; of the last two the one with the greater iteration holds.
_HEADER = 1 << 12
_SMALLEST = 3 * _HEADER
# After a checksum: iteration, meta block, free list, blocks, bytes a block (0 where they could only be the usual ones).
_DATABASE_HEADER = struct.Struct("<8x5Q")
_USUAL_BLOCK = 1 << 18
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "256MB",
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class DuckDb:
    """Reading may take `seconds`, the time for fetching ranges aside."""

    name = "duckdb"
    suffixes = (".duckdb", ".ddb", ".db")
    end: Literal["head"] = "head"

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._seconds = seconds

    def sniff(self, head: bytes, tail: bytes) -> bool:
        # The magic, and the version after it, a small number of eight bytes: text may say DUCK there too.
        return head[8:12] == b"DUCK" and head[14:20] == bytes(6)

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        if opened.size < _SMALLEST:
            raise FileError(Fault.CORRUPT, f"{opened.size} bytes are too few for a DuckDB database: it is cut short")
        import duckdb

        database = duckdb.connect(":memory:", config=_SETTINGS)
        try:
            tables = yield from run(
                opened,
                lambda ranges: _read(database, ranges, options),
                seconds=self._seconds,
                interrupt=lambda: _interrupt(database),
            )
        except (duckdb.Error, UnicodeError, MemoryError) as error:
            raise FileError(*_fault(error, duckdb.__version__)) from error
        headers = yield from opened.fetch(0, _SMALLEST)
        _check_size(headers, opened.size)
        return FileReading(self.name, tables)


def _check_size(headers: bytes, size: int) -> None:
    """Whether all blocks are there: reading the catalog does not find out that others are missing.

    To be asked when DuckDB found no fault in the headers.
    """
    found = (_DATABASE_HEADER.unpack_from(headers, at) for at in (_HEADER, 2 * _HEADER))
    _, _, _, blocks, length = max(found)
    expected = _SMALLEST + blocks * (length or _USUAL_BLOCK)
    if size < expected:
        raise FileError(Fault.CORRUPT, f"it is cut short: {size:,} bytes where its header says {expected:,}")


def _fault(error: Exception, version: str) -> tuple[Fault, str]:
    """In our words where DuckDB's are known; its own otherwise."""
    text = first_line(error)
    if "newer version of DuckDB" in str(error):
        return Fault.UNSUPPORTED, f"it was written by a newer DuckDB than the one here ({version})"
    if "older" in str(error) and "storage version" in text:
        return Fault.UNSUPPORTED, f"it was written by an older DuckDB, whose files {version} does not read"
    if "encrypt" in text.lower():
        return Fault.ENCRYPTED, "it is encrypted"
    if "checksum" in text:
        return Fault.CORRUPT, "it is broken: a checksum in it is wrong"
    return Fault.CORRUPT, f"it cannot be read: {text}"


def _interrupt(database: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(Exception):  # it is closed already
        database.interrupt()


def lock_down(database: duckdb.DuckDBPyConnection, folder: str) -> None:
    """From here on nothing but what lies in `folder` can be opened, whatever a view or a default of a file names."""
    database.execute("SET enable_progress_bar = false")
    database.execute(f"SET allowed_directories = ['{folder}']")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def _read(database: duckdb.DuckDBPyConnection, ranges: Ranges, options: ReadOptions) -> tuple[TableReading, ...]:
    import duckdb

    from core.formats.rangefs import PROTOCOL, URL, RangeFileSystem

    database.register_filesystem(RangeFileSystem(ranges))
    try:
        lock_down(database, f"{PROTOCOL}://")
        database.execute(f"ATTACH '{URL}' AS lake (READ_ONLY, TYPE duckdb)")
        return tuple(found.reading for found in read_tables(database, "lake", count=options.row_counts != "none"))
    except duckdb.Error as error:
        if ranges.beyond:
            raise FileError(Fault.CORRUPT, "it is cut short: it refers to what lies beyond its end") from error
        raise
    finally:
        # What is left registered keeps everything alive.
        database.unregister_filesystem(PROTOCOL)
        database.close()
