"""What stands right of the tree: a head in words, and views as lists."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from textual.content import Content

from core.mirror.browse import MOST_FILES, Browser, ChangeRow, ColumnRow, FileRow, RunRow, Share, SourceRow, WorkflowRow
from core.text import plural, size, span
from nuvyn_tui.screens.explore_tree import Node
from nuvyn_tui.text import bar, plain
from nuvyn_tui.widgets.grid import Cell, Column

_BAR = 16
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
        return _table(browser, node)
    if node.source is not None:
        return _source(browser, node.source, node)
    if node.workflow is not None:
        rows = browser.sources(node.workflow.workflow_id)
        return Detail(node, _workflow_head(node.workflow), (_sources_view(rows),))
    return Detail(node, plain(node.label, "bold"), ())


def _workflow_head(row: WorkflowRow) -> Content:
    counts = f"{plural(row.sources, 'source')}, {plural(row.tables, 'table')}, {plural(row.columns, 'column')}"
    return Content.assemble(
        plain(row.workflow_id, "bold"), f"\n{counts}\n{plural(row.files, 'file')}, {size(row.bytes)}"
    )


def _source(browser: Browser, row: SourceRow, node: Node) -> Detail:
    who = (row.workflow_id, row.source_id)
    accounting = browser.accounting(*who)
    listed = sum(share.count for share in accounting)
    sums = ", ".join(f"{share.count:,} {share.name}" for share in accounting)
    head = Content.assemble(
        plain(row.source_id, "bold"),
        f"  {row.source_type}\n",
        plain(row.source_path),
        f"\n{plural(row.tables, 'table')}, {plural(row.columns, 'column')}, {size(row.bytes)}\n",
        f"{listed:,} listed = {sums}\n",
        f"read {row.extracted_at:%Y-%m-%d %H:%M} UTC in {span(row.duration_s)}",
    )
    failures = browser.failures(*who)
    return Detail(
        node,
        head,
        (
            _shares_view("formats", browser.formats(*who), "no table was found here"),
            _shares_view("tables", browser.largest(*who), "no table was found here", counts="files"),
            _shares_view("failures", failures, "every file could be read"),
            _files_view(browser.files(*who)),
            _changes_view(browser.changes(*who)),
            _runs_view(browser.runs(*who)),
        ),
    )


def _table(browser: Browser, node: Node) -> Detail:
    table = node.table
    assert table is not None
    who = (*node.key[:2], table.name)
    how = f" ({_ROWS_FROM.get(table.rows_from or '', table.rows_from)})" if table.rows_from else ""
    rows = "rows unknown" if table.rows is None else f"{plural(table.rows, 'row')}{how}"
    many = plural(table.files, "file") if table.files else "no file count"
    parts: list[Content | str] = [
        plain(table.name, "bold"),
        f"  {table.type}\n{rows}, {plural(table.columns, 'column')}, {many}, {size(table.bytes or 0)}\n",
        Content.assemble("one table because: ", plain(table.grouping or "not known")),
    ]
    if table.partitions:
        parts += [Content.assemble("\npartitioned by ", plain(", ".join(table.partitions)))]
    if table.comment:
        parts += ["\n", plain(table.comment)]
    for warning in table.warnings:
        parts += [Content.assemble("\n", ("! ", "$text-warning"), plain(warning))]
    files = browser.files(*who)
    columns = browser.columns(*who)
    return Detail(
        node,
        Content.assemble(*parts),
        (_columns_view(columns, table.files), _files_view(files), _changes_view(browser.changes(*who))),
    )


def _columns_view(rows: Sequence[ColumnRow], files: int | None) -> View:
    def cells(row: ColumnRow) -> list[Cell]:
        marks = ("key " if row.key else "") + ("partition" if row.partition else "")
        present = "" if row.present is None or not files else f"{row.present:,} of {files:,}"
        missing = row.present is not None and files is not None and row.present < files and not row.partition
        kind: Cell = (f"{row.type}!", "warn") if row.variants else row.type
        null: Cell = "yes" if row.nullable else ("no", "quiet")
        others = ", ".join(row.variants)
        return [row.name, kind, null, (present, "warn" if missing else "quiet"), row.native or "", marks, others]

    columns = (
        Column("column"),
        Column("type"),
        Column("null", 4),
        Column("in files", 12, right=True, wide=52),
        Column("native", 16, wide=64),
        Column("", 9, wide=80),
        Column("other types", 18, wide=100),
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
    cut = f"the first {MOST_FILES:,}; there may be more" if len(rows) == MOST_FILES else ""
    return View("files", columns, cells, lambda row: row.path, rows, "no files", cut)


def _changes_view(rows: Sequence[ChangeRow]) -> View:
    def cells(row: ChangeRow) -> list[Cell]:
        what = row.change.replace("_", " ")
        moved = " -> ".join(value for value in (row.old, row.new) if value)
        return [f"{row.at:%Y-%m-%d %H:%M}", what, row.table, row.column or "", moved]

    columns = (Column("when", 16), Column("change", 15), Column("table", wide=70), Column("column"), Column("what"))
    empty = "Nothing has changed since the first run."
    return View("changes", columns, cells, lambda row: (row.at, row.table, row.column, row.change), rows, empty)


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
    return View("runs", columns, cells, lambda row: row.started, rows, "no runs")


def _shares_view(name: str, rows: Sequence[Share], empty: str, *, counts: str = "count") -> View:
    most = max((row.bytes for row in rows), default=0)

    def cells(row: Share) -> list[Cell]:
        number = "" if row.rows is None else f"{row.rows:,} rows"
        return [row.name, f"{row.count:,}", size(row.bytes), (bar(row.bytes, most, _BAR), "live"), number]

    columns = (
        Column(name.removesuffix("s")),
        Column(counts, 7, right=True),
        Column("size", 9, right=True),
        Column("", _BAR, wide=50),
        Column("", 18, right=True, wide=70),
    )
    return View(name, columns, cells, lambda row: row.name, rows, empty)


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
        Column("", _BAR, wide=66),
        Column("", 10, wide=90),
    )
    return View("sources", columns, cells, lambda row: row.source_id, rows, "no sources")
