"""The catalog as a tree: workflow, source, folder, table. Children are known once their parent was opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.mirror.browse import SourceRow, TableRow, WorkflowRow
from core.text import plural
from nuvyn_tui.widgets.grid import Cell, Column

Key = tuple[str, ...]
"""A node's place: workflow, source, then the parts of the table's name."""

COLUMNS = (Column(""), Column("", 11, right=True))
FOLDER_MARK = "/"


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree; exactly one of the rows below is there, none for a folder."""

    key: Key
    label: str
    depth: int
    opened: bool
    note: str
    workflow: WorkflowRow | None = None
    source: SourceRow | None = None
    table: TableRow | None = None

    @property
    def is_leaf(self) -> bool:
        return self.table is not None


@dataclass(slots=True)
class _Folder:
    """Folders and tables below a source or folder."""

    folders: dict[str, _Folder] = field(default_factory=dict)
    tables: list[tuple[str, TableRow]] = field(default_factory=list)
    count: int = 0


def cells(node: Node) -> list[Cell]:
    """A line's cells."""
    mark = "  " if node.is_leaf else "▾ " if node.opened else "▸ "
    return ["  " * node.depth + mark + node.label, (node.note, "quiet")]


def folders_of(source: SourceRow, tables: Sequence[TableRow]) -> _Folder:
    """A source's tables in their folders; a database's in their schemas."""
    root = _Folder()
    separator = "." if source.source_type not in ("local_filesystem", "azure_blob", "aws_s3", "fsspec") else "/"
    for table in tables:
        *path, name = table.name.split(separator) if separator in table.name else [table.name]
        at = root
        at.count += 1
        for part in path:
            at = at.folders.setdefault(part, _Folder())
            at.count += 1
        at.tables.append((name, table))
    return root


class Catalog:
    """What is known of the tree, and which nodes are open."""

    def __init__(self) -> None:
        self.workflows: Sequence[WorkflowRow] = ()
        self.sources: dict[str, Sequence[SourceRow]] = {}
        self.folders: dict[Key, _Folder] = {}
        self.opened: set[Key] = set()

    def nodes(self) -> list[Node]:
        """The lines to show, parents before children."""
        found: list[Node] = []
        for workflow in self.workflows:
            key = (workflow.workflow_id,)
            opened = key in self.opened
            note = plural(workflow.sources, "source")
            found.append(Node(key, workflow.workflow_id, 0, opened, note, workflow=workflow))
            for source in self.sources.get(workflow.workflow_id, ()) if opened else ():
                found += self._source(source)
        return found

    def open_to(self, key: Key) -> None:
        """Open every node above `key`."""
        self.opened |= {key[:length] for length in range(1, len(key))}

    def key_of(self, workflow_id: str, source_id: str, table: str) -> Key | None:
        """The place of a table, once its source is known."""
        root = self.folders.get((workflow_id, source_id))
        for key, row in _walk(root, (workflow_id, source_id)) if root else ():
            if row.name == table:
                return key
        return None

    def _source(self, source: SourceRow) -> Iterator[Node]:
        key = (source.workflow_id, source.source_id)
        opened = key in self.opened
        yield Node(key, source.source_id, 1, opened, plural(source.tables, "table"), source=source)
        if opened and (root := self.folders.get(key)):
            yield from self._folder(root, key, 2)

    def _folder(self, folder: _Folder, key: Key, depth: int) -> Iterator[Node]:
        for name in sorted(folder.folders):
            below = folder.folders[name]
            inner = (*key, name + FOLDER_MARK)
            opened = inner in self.opened
            yield Node(inner, name + FOLDER_MARK, depth, opened, plural(below.count, "table"))
            if opened:
                yield from self._folder(below, inner, depth + 1)
        for name, table in folder.tables:
            rows = "" if table.rows is None else f"{table.rows:,}"
            yield Node((*key, name), name, depth, False, rows, table=table)


def _walk(folder: _Folder, key: Key) -> Iterator[tuple[Key, TableRow]]:
    for name, below in folder.folders.items():
        yield from _walk(below, (*key, name + FOLDER_MARK))
    for name, table in folder.tables:
        yield (*key, name), table
