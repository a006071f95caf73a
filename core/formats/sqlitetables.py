"""The tables of an open SQLite database: names, columns, rows."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from core.catalog import Column, CountSource, TableReading, TypeSource
from core.datatypes.sql import SQLITE, spark_type
from core.errors import Fault, FileError, first_line

_LOOK_ROWS = 1000
_LONGEST_VALUE = 64 << 20
_WATCH_S = 0.1
# What virtual tables keep their content in: no tables to whoever made them.
_SHADOWS = {
    "fts5": ("data", "idx", "content", "docsize", "config"),
    "fts4": ("content", "segments", "segdir", "docsize", "stat"),
    "fts3": ("content", "segments", "segdir", "docsize", "stat"),
    "rtree": ("node", "parent", "rowid"),
    "rtree_i32": ("node", "parent", "rowid"),
    "geopoly": ("node", "parent", "rowid"),
    "spellfix1": ("vocab",),
}
# The rules by which SQLite itself takes a declared type (https://www.sqlite.org/datatype3.html), its numeric one aside.
_AFFINITIES = (
    (("INT",), "bigint"),
    (("CHAR", "CLOB", "TEXT"), "string"),
    (("BLOB",), "binary"),
    (("REAL", "FLOA", "DOUB"), "double"),
)
# What SQLite's own module raises for a broken file: out of memory for a length that is none, too.
_BROKEN = (sqlite3.Error, UnicodeError, MemoryError)
_STORED = {"integer": "bigint", "real": "double", "text": "string", "blob": "binary"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much to find out: values are looked at and rows counted only where the rows are there.

    After `seconds` no row is counted any more.
    """

    rows: bool
    values: bool
    seconds: float
    no_rows: str = ""
    """Why rows are not counted, as a warning; empty when nobody asked for them."""


@dataclass(frozen=True, slots=True)
class _Entry:
    rowid: int
    name: str
    is_view: bool
    is_virtual: bool


def read_tables(database: sqlite3.Connection, wanted: Wanted) -> tuple[TableReading, ...]:
    """Every table and view, by name; raises `FileError` when the schema cannot be read."""
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    deadline = time.monotonic() + wanted.seconds
    with _interrupted_at(deadline, database):
        try:
            # Nothing that the file itself says is run may reach beyond it.
            for setting in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON"):
                database.execute(f"PRAGMA {setting}")
            entries = _entries(database)
        except _BROKEN as error:
            raise FileError(*_fault(error)) from error
        return tuple(_table(database, entry, wanted, deadline) for entry in entries)


def _fault(error: Exception) -> tuple[Fault, str]:
    text = first_line(error)
    if "not a database" in text:
        return Fault.CORRUPT, "its header says SQLite, but it is no database"
    if "interrupted" in text:
        return Fault.TIMEOUT, "its schema takes too long to read"
    return Fault.CORRUPT, f"its schema cannot be read: {text} (SQLite {sqlite3.sqlite_version})"


@contextlib.contextmanager
def _interrupted_at(deadline: float, database: sqlite3.Connection) -> Iterator[None]:
    """Interrupt whatever runs past the deadline.

    Again and again, for a statement that begins just after an interruption does not notice it. A progress handler
    would not do: counting is a single step to it.
    """
    done = threading.Event()

    def watch() -> None:
        while not done.wait(max(_WATCH_S, deadline - time.monotonic())):
            database.interrupt()

    watcher = threading.Thread(target=watch, name="sqlite-deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _entries(database: sqlite3.Connection) -> list[_Entry]:
    found, modules = [], {}
    for rowid, kind, name, sql in database.execute(
        "SELECT rowid, type, name, sql FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name, rowid"
    ):
        words = str(sql or "").split(None, 5)
        is_virtual = [word.upper() for word in words[1:3]] == ["VIRTUAL", "TABLE"]
        if is_virtual:
            modules[str(name).lower()] = _module(str(sql))
        if not str(name).lower().startswith("sqlite_"):
            found.append(_Entry(rowid, str(name), kind == "view", is_virtual))
    hidden = {f"{name}_{part}" for name, module in modules.items() for part in _SHADOWS.get(module, ())}
    return [entry for entry in found if entry.name.lower() not in hidden]


def _module(sql: str) -> str:
    """The module in `CREATE VIRTUAL TABLE … USING module(…)`, in small letters. The statement is kept as it was."""
    _, _, after = sql.partition("(")[0].lower().rpartition(" using ")
    return after.strip().strip('"[]`')


def _table(database: sqlite3.Connection, entry: _Entry, wanted: Wanted, deadline: float) -> TableReading:
    warnings = []
    columns: tuple[Column, ...] = ()
    if entry.is_virtual and not wanted.values:
        warnings.append("its columns cannot be told: a virtual table's are found in the rest of the file")
    else:
        try:
            columns = tuple(_columns(database, entry, wanted))
        except _BROKEN as error:
            warnings.append(f"its columns cannot be told: {first_line(error)}")
    rows = None
    if wanted.rows and not entry.is_view and columns:
        try:
            if time.monotonic() < deadline:
                [rows] = database.execute(f"SELECT count(*) FROM {_quoted(entry.name)}").fetchone()
        except _BROKEN as error:
            if "interrupted" not in str(error):
                warnings.append(f"its rows cannot be counted: {first_line(error)}")
        if rows is None and not warnings:
            warnings.append(f"its rows were not counted within {wanted.seconds:g} s")
    elif wanted.no_rows and not entry.is_view:
        warnings.append(wanted.no_rows)
    return TableReading(columns, rows, None if rows is None else CountSource.DATABASE, entry.name, tuple(warnings))


def _columns(database: sqlite3.Connection, entry: _Entry, wanted: Wanted) -> Iterator[Column]:
    # By the row of the schema rather than by name: a name that is no text cannot be given back.
    facts = database.execute(
        'SELECT x.name, x.type, x."notnull", x.pk FROM sqlite_master m, pragma_table_xinfo(m.name) x'
        " WHERE m.rowid = ? AND x.hidden <> 1 ORDER BY x.cid",
        (entry.rowid,),
    ).fetchall()
    for name, declared, not_null, key in facts:
        type_ = _declared(declared)
        source = TypeSource.DECLARED
        if type_ is None:
            source = TypeSource.INFERRED
            type_ = _stored(database, entry, name) if wanted.values else "string"
        yield Column(name, type_, not (not_null or key), declared or None, source, is_key=bool(key))


def _declared(declared: str) -> str | None:
    """The type that a declaration says; None when it leaves that to the values."""
    known = spark_type(declared, SQLITE)
    if known is not None:
        return str(known)
    capitals = declared.upper()
    return next((type_ for parts, type_ in _AFFINITIES if any(part in capitals for part in parts)), None)


def _stored(database: sqlite3.Connection, entry: _Entry, column: str) -> str:
    """The type of the first values of a column: text where there are none, or of several kinds."""
    try:
        kinds = {
            kind
            for (kind,) in database.execute(
                f"SELECT DISTINCT typeof(v) FROM (SELECT {_quoted(column)} AS v FROM {_quoted(entry.name)}"
                f" LIMIT {_LOOK_ROWS})"
            )
            if kind != "null"
        }
    except _BROKEN:
        return "string"
    types = {_STORED[kind] for kind in kinds}
    if types == {"bigint", "double"}:
        return "double"
    return types.pop() if len(types) == 1 else "string"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
