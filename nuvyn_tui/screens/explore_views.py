"""What stands right of the tree: a head in words, and views as lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from textual.content import Content

from core.databases.base import Kind
from core.mirror.browse import (
    MOST_FILES,
    MOST_SHARES,
    Browser,
    ChangeRow,
    ColumnRow,
    FileRow,
    RunRow,
    Share,
    SourceRow,
    TableRow,
    WorkflowRow,
)
from core.text import plural, size, span
from nuvyn_tui.screens.explore_tree import Node
from nuvyn_tui.text import bar, fit, plain
from nuvyn_tui.widgets.grid import Cell, Column

DATABASE = "database"
"""The type of a source that has no files."""

_BAR = 10
_NEVER = 10_000
# What the head gives a name from outside; `about` has it whole.
_NAME_SHOWN = 80
_STATUS = {"failed": "bad", "unknown": "warn", "ignored": "quiet", "unchanged": "quiet"}
_ROWS_FROM = {
    "footer": "from the files' footers",
    "log": "from the table's log",
    "manifest": "from its manifests",
    "counted": "counted",
    "estimated": "estimated",
    "database": "from the database",
}


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


@dataclass(frozen=True, slots=True)
class Detail:
    """A node in words, and its views."""

    node: Node
    head: Content
    views: tuple[View, ...]


def read_detail(browser: Browser, node: Node) -> Detail:
    """Read all that is shown of a node; blocks.

    Raises:
        MirrorError: the mirror cannot be read.
    """
    if node.table is not None:
        table = browser.table(*node.who, node.table.name)
        return (
            Detail(node, plain("The mirror no longer holds this table."), ())
            if table is None
            else _table(browser, table, node)
        )
    if node.source is not None:
        return _source(browser, node.source, node)
    if node.workflow is not None:
        rows = browser.sources(node.workflow.workflow_id)
        return Detail(node, _workflow_head(node.workflow), (_sources_view(rows),))
    head = Content.assemble(_name(node.full.rstrip(".")), f"\n{plural(node.below, 'table')} in this {node.within}")
    view = _relations_view if node.within == "schema" else _tables_view
    return Detail(node, head, (view(browser.largest(*node.who, node.full), node.below),))


def _name(text: str) -> Content:
    """A name in the head, cut when it would fill it."""
    return plain(fit(text, _NAME_SHOWN).rstrip(), "bold")


def _workflow_head(row: WorkflowRow) -> Content:
    counts = f"{plural(row.sources, 'source')}, {plural(row.tables, 'table')}, {plural(row.columns, 'column')}"
    return Content.assemble(_name(row.workflow_id), f"\n{counts}\n{plural(row.files, 'file')}, {size(row.bytes)}")


def _source(browser: Browser, row: SourceRow, node: Node) -> Detail:
    who = (row.workflow_id, row.source_id)
    accounting = browser.accounting(*who)
    sums = f"{sum(share.count for share in accounting):,} listed"
    sums += " = " * bool(accounting) + " + ".join(f"{share.count:,} {share.name}" for share in accounting)
    when = f"{row.extracted_at:%Y-%m-%d %H:%M} UTC in {span(row.duration_s)}"
    in_database = row.source_type == DATABASE
    held = "" if in_database and not row.bytes else f", {size(row.bytes)}"
    counts = f"{plural(row.tables, 'table')}, {plural(row.columns, 'column')}{held}"
    head = Content.assemble(
        _name(row.source_id),
        f"  {row.source_type}\n",
        plain(fit(row.source_path, _NAME_SHOWN).rstrip()),
        f"\n{counts}" + ("" if in_database else f"\n{sums}") + f"\nread {when}",
    )
    about = [
        Fact("workflow", row.workflow_id),
        Fact("source", row.source_id),
        Fact("path", row.source_path),
        Fact("type", row.source_type),
        Fact("holds", counts),
        Fact("listed", "" if in_database else sums),
        Fact("read", when),
    ]
    if in_database:
        views: tuple[View, ...] = (_relations_view(browser.largest(*who), row.tables),)
    else:
        views = (
            _shares_view("formats", browser.formats(*who), "no table was found here"),
            _tables_view(browser.largest(*who), row.tables),
            _shares_view("failures", browser.failures(*who), "every file could be read"),
            _files_view(browser.files(*who)),
            _shares_view("accounting", accounting, "no file was listed here"),
        )
    told = (_changes_view(browser.changes(*who)), _runs_view(browser.runs(*who)), _about_view(about))
    return Detail(node, head, (*views, *told))


def _table(browser: Browser, table: TableRow, node: Node) -> Detail:
    who = (*node.who, table.name)
    how = f" ({_ROWS_FROM.get(table.rows_from or '', table.rows_from)})" if table.rows_from else ""
    rows = "rows unknown" if table.rows is None else f"{plural(table.rows, 'row')}{how}"
    in_database = table.grouping in tuple(Kind)
    many = plural(table.files, "file") if table.files else "no file count"
    bytes_ = "size unknown" if table.bytes is None else size(table.bytes)
    if in_database:
        parts_of_it = plural(table.files, "partition") if table.files else ""
        held = [rows, plural(table.columns, "column"), parts_of_it, size(table.bytes) if table.bytes else ""]
        what = Content.assemble(f"a {table.grouping} of the database")
    else:
        held = [rows, plural(table.columns, "column"), many, bytes_]
        what = Content.assemble("one table because: ", plain(fit(table.grouping or "not known", _NAME_SHOWN).rstrip()))
    parts: list[Content | str] = [
        _name(table.name),
        f"  {table.type}\n{', '.join(filter(None, held))}\n",
        what,
    ]
    if table.comment:
        parts += [Content.assemble("\n", plain(fit(table.comment, _NAME_SHOWN).rstrip()))]
    if table.partitions:
        named = ", ".join(table.partitions)
        parts += [Content.assemble("\npartitioned by ", plain(fit(named, _NAME_SHOWN).rstrip()))]
    if table.warnings:
        first = fit(table.warnings[0], _NAME_SHOWN).rstrip()
        others = f" and {len(table.warnings) - 1:,} more" if len(table.warnings) > 1 else ""
        parts += [Content.assemble("\n", ("! ", "$text-warning"), plain(first), others)]
    about = [
        Fact("workflow", node.key[0]),
        Fact("source", node.key[1]),
        Fact("table", table.name),
        Fact("path", table.path),
        Fact("format", table.type),
        Fact("rows", rows),
        Fact("size", "" if in_database and not table.bytes else bytes_ if in_database else f"{bytes_} in {many}"),
        Fact("kind" if in_database else "one table because", table.grouping or "not known"),
        Fact("partitioned by", ", ".join(table.partitions)),
        Fact("comment", table.comment or ""),
        *(Fact(name, value) for name, value in json.loads(table.properties or "{}").items()),
    ]
    warnings = _facts_view("warnings", [Fact(f"{at:,}", text) for at, text in enumerate(table.warnings, 1)])
    views = (
        _columns_view(browser.columns(*who), None if in_database else table.files),
        *(() if in_database else (_files_view(browser.files(*who)),)),
        _changes_view(browser.changes(*who)),
        *((warnings,) if table.warnings else ()),
        _about_view(about),
    )
    return Detail(node, Content.assemble(*parts), views)


def _about_view(facts: Sequence[Fact]) -> View:
    return _facts_view("about", [fact for fact in facts if fact.value], counted=False)


def _facts_view(name: str, facts: Sequence[Fact], *, counted: bool = True) -> View:
    columns = (Column("", max((len(fact.what) for fact in facts), default=1)), Column(""))
    return View(name, columns, _fact_cells, lambda row: row.what, facts, "nothing is known", counted=counted)


def _fact_cells(fact: Fact) -> list[Cell]:
    return [(fact.what, "quiet"), fact.value]


def _columns_view(rows: Sequence[ColumnRow], files: int | None) -> View:
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


def _files_view(rows: Sequence[FileRow]) -> View:
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


def _changes_view(rows: Sequence[ChangeRow]) -> View:
    def cells(row: ChangeRow) -> list[Cell]:
        what = row.change.replace("_", " ")
        moved = " -> ".join(value for value in (row.old, row.new) if value)
        return [f"{row.at:%Y-%m-%d %H:%M}", what, row.table, row.column or "", moved]

    columns = (Column("when", 16), Column("change", 15), Column("table", wide=70), Column("column"), Column("what"))
    empty = "Nothing has changed since the first run."
    cut = _cut(rows, MOST_FILES)
    return View("changes", columns, cells, lambda row: (row.at, row.table, row.column, row.change), rows, empty, cut)


def _runs_view(rows: Sequence[RunRow]) -> View:
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


def _tables_view(rows: Sequence[Share], all_of_them: int) -> View:
    cut = f"the largest {len(rows):,} of {all_of_them:,}" if len(rows) < all_of_them else ""
    return _shares_view("tables", rows, "no table was found here", counts="files", cut=cut)


def _relations_view(rows: Sequence[Share], all_of_them: int) -> View:
    """The tables of a database, which have rows and no files."""

    def cells(row: Share) -> list[Cell]:
        return [row.name, "" if row.rows is None else f"{row.rows:,}", size(row.bytes) if row.bytes else ""]

    columns = (Column("table"), Column("rows", 15, right=True), Column("size", 9, right=True, wide=44))
    cut = f"the largest {len(rows):,} of {all_of_them:,}" if len(rows) < all_of_them else ""
    return View("tables", columns, cells, lambda row: row.name, rows, "no table was found here", cut)


def _shares_view(name: str, rows: Sequence[Share], empty: str, *, counts: str = "count", cut: str = "") -> View:
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


def _sources_view(rows: Sequence[SourceRow]) -> View:
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
