"""What stands right of the tree as lists: columns, files, changes and what else a node has many of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.mirror.browse import (
    MOST_FILES,
    MOST_SHARES,
    ChangeRow,
    ColumnRow,
    FileRow,
    RunRow,
    Share,
    SourceRow,
)
from core.text import size
from nuvyn_tui.text import bar
from nuvyn_tui.widgets.grid import Cell, Column

_BAR = 10
_NEVER = 10_000
_STATUS = {"failed": "bad", "unknown": "warn", "ignored": "quiet", "unchanged": "quiet"}


@dataclass(frozen=True, slots=True)
class View:
    """One list about a node; `cut` says in words that there may be more."""

    name: str
    columns: tuple[Column, ...]
    cells: Callable[[Any], Sequence[Cell]]
    key: Callable[[Any], Hashable]
    rows: Sequence[Any]
    empty: str
    cut: str = ""
    counted: bool = True

    @property
    def title(self) -> str:
        """The name with the number of rows; `+` when there may be more."""
        return f"{self.name} {len(self.rows):,}{'+' * bool(self.cut)}" if self.counted else self.name


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of what is known in words."""

    what: str
    value: str


def story_of(row: Any) -> str:
    """All of a row that is known, a line each."""
    found = []
    for field in fields(row):
        value = getattr(row, field.name)
        if value is None or value == ():
            continue
        said = {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        said = f"{said:,}" if isinstance(said, int) else ", ".join(said) if isinstance(said, tuple) else said
        found.append(f"{field.name.replace('_', ' ')}: {said}")
    return "\n".join(found)


def about_view(facts: Sequence[Fact]) -> View:
    """What is known, a line each; without what is not."""
    return facts_view("about", [fact for fact in facts if fact.value], counted=False)


def facts_view(name: str, facts: Sequence[Fact], *, counted: bool = True) -> View:
    """Lines of two words and texts."""
    columns = (Column("", max((len(fact.what) for fact in facts), default=1)), Column(""))
    return View(name, columns, _fact_cells, lambda row: row.what, facts, "nothing is known", counted=counted)


def _fact_cells(fact: Fact) -> list[Cell]:
    return [(fact.what, "quiet"), fact.value]


def columns_view(rows: Sequence[ColumnRow], files: int | None) -> View:
    """A table's columns; `files` is how many files the table has, None in a database."""

    def cells(row: ColumnRow) -> list[Cell]:
        marks = " ".join(["key"] * row.key + ["partition"] * row.partition)
        present = "" if row.present is None or not files else f"{row.present:,}/{files:,}"
        missing = row.present is not None and files is not None and row.present < files and not row.partition
        kind: Cell = (f"{row.type}!", "warn") if row.variants else row.type
        null: Cell = "yes" if row.nullable else ("no", "quiet")
        others = ", ".join(row.variants)
        told = (row.comment or "", "quiet")
        return [row.name, kind, null, marks, (present, "warn" if missing else "quiet"), row.native or "", others, told]

    # A column of the list is there where some row has something to say in it.
    marked = max((3 * row.key + 9 * row.partition + (row.key and row.partition) for row in rows), default=0)
    commented, varied = any(row.comment for row in rows), any(row.variants for row in rows)
    columns = (
        Column("column"),
        Column("type"),
        Column("null", 4),
        Column("", marked or 1, wide=44 if marked else _NEVER),
        # In one file a column is or is not; only of several the number says something.
        Column("in files", 11, right=True, wide=44 if files and files > 1 else _NEVER),
        Column("native", 16, wide=84 if commented else 64),
        Column("other types", 18, wide=100 if varied else _NEVER),
        Column("comment", wide=64 if commented else _NEVER),
    )
    return View("columns", columns, cells, lambda row: row.position, rows, "no columns are known")


def files_view(rows: Sequence[FileRow]) -> View:
    """Files with what became of them."""

    def cells(row: FileRow) -> list[Cell]:
        number = "" if row.rows is None else f"{row.rows:,}"
        status = (row.status, _STATUS.get(row.status, ""))
        return [row.path, status, size(row.bytes or 0), number, (row.error or "", "bad")]

    columns = (
        Column("file"),
        Column("status", 9),
        Column("size", 9, right=True),
        Column("rows", 11, right=True, wide=56),
        Column("why", wide=80),
    )
    return View("files", columns, cells, lambda row: row.path, rows, "no files", _cut(rows, MOST_FILES))


def changes_view(rows: Sequence[ChangeRow]) -> View:
    """What changed in columns from run to run."""

    def cells(row: ChangeRow) -> list[Cell]:
        what = row.change.replace("_", " ")
        moved = " -> ".join(value for value in (row.old, row.new) if value)
        return [f"{row.at:%Y-%m-%d %H:%M}", what, row.table, row.column or "", moved]

    columns = (Column("when", 16), Column("change", 15), Column("table", wide=70), Column("column"), Column("what"))
    empty = "Nothing has changed since the first run."
    cut = _cut(rows, MOST_FILES)
    return View("changes", columns, cells, lambda row: (row.at, row.table, row.column, row.change), rows, empty, cut)


def runs_view(rows: Sequence[RunRow]) -> View:
    """When it was read, and how that went."""

    def cells(row: RunRow) -> list[Cell]:
        meaning = "good" if row.status == "success" else "bad"
        counts = [f"{number:,}" for number in (row.read, row.unchanged, row.requests)]
        return [f"{row.started:%Y-%m-%d %H:%M:%S}", (row.status, meaning), *counts, (row.error or "", "bad")]

    columns = (
        Column("started", 19),
        Column("status", 8),
        Column("read", 9, right=True),
        Column("unchanged", 9, right=True, wide=56),
        Column("requests", 9, right=True, wide=68),
        Column("error", wide=76),
    )
    return View("runs", columns, cells, lambda row: row.started, rows, "no runs", _cut(rows, MOST_SHARES))


def tables_view(rows: Sequence[Share], all_of_them: int) -> View:
    """The largest of a source's tables that are made of files."""
    cut = f"the largest {len(rows):,} of {all_of_them:,}" if len(rows) < all_of_them else ""
    return shares_view("tables", rows, "no table was found here", counts="files", cut=cut)


def relations_view(rows: Sequence[Share], all_of_them: int) -> View:
    """The tables of a database, which have rows and no files."""

    def cells(row: Share) -> list[Cell]:
        return [row.name, "" if row.rows is None else f"{row.rows:,}", size(row.bytes) if row.bytes else ""]

    columns = (Column("table"), Column("rows", 15, right=True), Column("size", 9, right=True, wide=44))
    cut = f"the largest {len(rows):,} of {all_of_them:,}" if len(rows) < all_of_them else ""
    return View("tables", columns, cells, lambda row: row.name, rows, "no table was found here", cut)


def shares_view(name: str, rows: Sequence[Share], empty: str, *, counts: str = "count", cut: str = "") -> View:
    """Parts of a whole by their size."""
    most = max((row.bytes for row in rows), default=0)

    def cells(row: Share) -> list[Cell]:
        number = "" if row.rows is None else f"{row.rows:,} rows"
        return [row.name, f"{row.count:,}", size(row.bytes), (bar(row.bytes, most, _BAR), "live"), number]

    columns = (
        Column("status" if name == "accounting" else name.removesuffix("s")),
        Column(counts, 7, right=True),
        Column("size", 9, right=True),
        Column("", _BAR, wide=44),
        Column("", 18, right=True, wide=70),
    )
    return View(name, columns, cells, lambda row: row.name, rows, empty, cut or _cut(rows, MOST_SHARES))


def _cut(rows: Sequence[object], most: int) -> str:
    return f"the first {most:,}; there may be more" if len(rows) >= most else ""


def sources_view(rows: Sequence[SourceRow]) -> View:
    """A workflow's sources."""
    most = max((row.bytes for row in rows), default=0)

    def cells(row: SourceRow) -> list[Cell]:
        failed: Cell = (f"{row.failed} failed", "bad") if row.failed else ""
        counts = [f"{row.tables:,}", f"{row.files:,}", size(row.bytes)]
        return [row.source_id, row.source_type, *counts, (bar(row.bytes, most, _BAR), "live"), failed]

    columns = (
        Column("source"),
        Column("type", 16, wide=80),
        Column("tables", 7, right=True),
        Column("files", 9, right=True),
        Column("size", 9, right=True),
        Column("", _BAR, wide=56),
        Column("", 10, wide=90),
    )
    return View("sources", columns, cells, lambda row: row.source_id, rows, "no sources")
