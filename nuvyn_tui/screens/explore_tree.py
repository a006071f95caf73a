"""The catalog as a tree: workflow, source, folder, table. Children are known once their parent was opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.mirror.browse import SourceRow, TableName, WorkflowRow
from core.text import plural
from nuvyn_tui.widgets.grid import Cell, Column, Grid

Key = tuple[str, ...]
"""A node's place: workflow, source, then the parts of the table's name."""

FOLDER_MARK = "/"
_COLUMNS = (Column(""), Column("", 11, right=True))
_FILE_SOURCES = ("local_filesystem", "azure_blob", "aws_s3", "fsspec")


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree: a workflow, a source or a table where that is set, else a folder.

    `full` is the table's whole name, of a folder how the names of its tables begin. `within` says in a word what a
    folder is: a database has schemas.
    """

    key: Key
    label: str
    depth: int
    opened: bool
    note: str
    full: str = ""
    workflow: WorkflowRow | None = None
    source: SourceRow | None = None
    table: TableName | None = None
    below: int = 0
    within: str = "folder"

    @property
    def who(self) -> tuple[str, str]:
        """The workflow and source it belongs to."""
        return self.key[0], self.key[1]

    @property
    def is_leaf(self) -> bool:
        return self.table is not None

    @property
    def is_folder(self) -> bool:
        return len(self.key) > 2 and self.table is None

    @property
    def name(self) -> str:
        """As people write it, from the workflow on."""
        return "/".join((*self.key[:2], self.full) if self.full else self.key)


@dataclass(slots=True)
class Folder:
    """Folders and tables below a source or folder; `full` is how their names begin."""

    full: str = ""
    folders: dict[str, Folder] = field(default_factory=dict)
    tables: list[Node] = field(default_factory=list)
    count: int = 0


class TreeGrid(Grid[Node]):
    """The tree; the nodes in `busy` are being read, and `marked` is one that waits to be compared."""

    HELP = "The catalog. Right and left open and close, enter opens, y copies the whole name."

    def __init__(self, *, empty: str, id: str) -> None:
        super().__init__(_COLUMNS, self._drawn, lambda node: node.key, empty=empty, header=False, id=id)
        self.marked: Key | None = None
        self.busy: set[Key] = set()

    def _drawn(self, node: Node) -> list[Cell]:
        mark = "  " if node.is_leaf else "▾ " if node.opened else "▸ "
        note = (node.note, "quiet")
        if node.key in self.busy:
            note = ("reading…", "live")
        elif node.key == self.marked:
            note = ("● marked", "warn")
        return ["  " * node.depth + mark + node.label, note]

    def action_copy(self) -> None:
        """Copy the name from the workflow on."""
        if self.row is not None:
            self.app.copy_to_clipboard(self.row.name)
            self.app.notify(f"Copied {self.row.name}")


def folders_of(source: SourceRow, tables: Sequence[TableName]) -> Folder:
    """A source's tables in their folders; a database's in their schemas."""
    top = (source.workflow_id, source.source_id)
    root = Folder()
    for table in tables:
        path, name = _parts(source, table.name)
        at = root
        key: Key = top
        at.count += 1
        for part in path:
            key = (*key, part + FOLDER_MARK)
            if part not in at.folders:
                at.folders[part] = Folder(f"{at.full}{part}{_separator(source)}")
            at = at.folders[part]
            at.count += 1
        rows = f"{table.rows:,}" if table.rows is not None else "view" if table.view else ""
        at.tables.append(Node((*key, name), name, len(key), False, rows, table.name, table=table))
    return root


class Catalog:
    """What is known of the tree, and which nodes are open."""

    def __init__(self) -> None:
        self.workflows: Sequence[WorkflowRow] = ()
        self.sources: dict[str, Sequence[SourceRow]] = {}
        self.folders: dict[Key, tuple[SourceRow, Folder]] = {}
        self.opened: set[Key] = set()

    def source(self, key: Key) -> SourceRow | None:
        """The source of a node."""
        return next((row for row in self.sources.get(key[0], ()) if row.source_id == key[1]), None)

    def knows(self, key: Key) -> bool:
        """Whether the children of a node have been read."""
        return len(key) > 2 or key in self.folders or (len(key) == 1 and key[0] in self.sources)

    def forget_closed(self) -> None:
        """Let go of what is below closed nodes: it may have changed."""
        self.sources = {name: rows for name, rows in self.sources.items() if (name,) in self.opened}
        self.folders = {key: found for key, found in self.folders.items() if key in self.opened}

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
        """The place of a table, None when its source doesn't have it."""
        source, at = self.folders.get((workflow_id, source_id), (None, None))
        if source is None or at is None:
            return None
        path, _ = _parts(source, table)
        for part in path:
            if part not in at.folders:
                return None
            at = at.folders[part]
        return next((node.key for node in at.tables if node.full == table), None)

    def _source(self, source: SourceRow) -> Iterator[Node]:
        key = (source.workflow_id, source.source_id)
        opened = key in self.opened
        yield Node(key, source.source_id, 1, opened, plural(source.tables, "table"), source=source, below=source.tables)
        if opened and key in self.folders:
            yield from self._folder(self.folders[key][1], key, 2, "folder" if _has_files(source) else "schema")

    def _folder(self, folder: Folder, key: Key, depth: int, within: str) -> Iterator[Node]:
        for name in sorted(folder.folders):
            below = folder.folders[name]
            inner = (*key, name + FOLDER_MARK)
            opened = inner in self.opened
            note = plural(below.count, "table")
            label = name + FOLDER_MARK if within == "folder" else name
            yield Node(inner, label, depth, opened, note, below.full, below=below.count, within=within)
            if opened:
                yield from self._folder(below, inner, depth + 1, within)
        # Made once with the folder: 50,000 of them aren't made again with every key.
        yield from folder.tables


def _has_files(source: SourceRow) -> bool:
    return source.source_type in _FILE_SOURCES


def _separator(source: SourceRow) -> str:
    return "/" if _has_files(source) else "."


def _parts(source: SourceRow, table: str) -> tuple[list[str], str]:
    """The folders above a table and its own name; above a database's is one schema, and the name may hold dots."""
    if not _has_files(source):
        schema, dot, name = table.partition(".")
        return ([schema], name) if dot else ([], table)
    *path, name = table.split("/")
    return path, name
