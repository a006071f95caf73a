"""What stands right of the tree: a node in words, and which lists it has."""

from __future__ import annotations

import json
from dataclasses import dataclass

from textual.content import Content

from core.databases.base import Kind
from core.mirror.browse import (
    Browser,
    SourceRow,
    TableRow,
    WorkflowRow,
)
from core.text import plural, size, span
from nuvyn_tui.screens.explore_tree import Node
from nuvyn_tui.screens.explore_views import (
    Fact,
    View,
    about_view,
    changes_view,
    columns_view,
    facts_view,
    files_view,
    relations_view,
    runs_view,
    shares_view,
    sources_view,
    tables_view,
)
from nuvyn_tui.text import fit, plain

DATABASE = "database"
"""The type of a source that has no files."""

# What the head gives a name from outside; `about` has it whole.
_NAME_SHOWN = 80
_ROWS_FROM = {
    "footer": "from the files' footers",
    "log": "from the table's log",
    "manifest": "from its manifests",
    "counted": "counted",
    "estimated": "estimated",
    "database": "from the database",
}


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
        return Detail(node, _workflow_head(node.workflow), (sources_view(rows),))
    head = Content.assemble(_name(node.full.rstrip(".")), f"\n{plural(node.below, 'table')} in this {node.within}")
    view = relations_view if node.within == "schema" else tables_view
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
        views: tuple[View, ...] = (relations_view(browser.largest(*who), row.tables),)
    else:
        views = (
            shares_view("formats", browser.formats(*who), "no table was found here"),
            tables_view(browser.largest(*who), row.tables),
            shares_view("failures", browser.failures(*who), "every file could be read"),
            files_view(browser.files(*who)),
            shares_view("accounting", accounting, "no file was listed here"),
        )
    told = (changes_view(browser.changes(*who)), runs_view(browser.runs(*who)), about_view(about))
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
    warnings = facts_view("warnings", [Fact(f"{at:,}", text) for at, text in enumerate(table.warnings, 1)])
    views = (
        columns_view(browser.columns(*who), None if in_database else table.files),
        *(() if in_database else (files_view(browser.files(*who)),)),
        changes_view(browser.changes(*who)),
        *((warnings,) if table.warnings else ()),
        about_view(about),
    )
    return Detail(node, Content.assemble(*parts), views)
