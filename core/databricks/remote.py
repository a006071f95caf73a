"""What a warehouse holds: its marks, its sums, and the tables themselves, made and completed where they lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.databricks.faults import Trouble, WarehouseError
from core.databricks.layout import ALL, CHILDREN, Field, Layout
from core.databricks.local import Sum
from core.databricks.statements import Statement, Statements
from core.databricks.target import Target
from core.databricks.warehouse import Warehouse

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Mark:
    """What a source's row in the warehouse tells; both None in a row that nuvyn did not write.

    `synced_us` are microseconds since 1970.
    """

    workflow_id: str
    source_id: str
    sync_id: str | None
    content_hash: str | None
    synced_us: int | None


class Remote:
    """The metadata schema in a warehouse. Errors of all calls are those of `Warehouse.execute`."""

    def __init__(self, target: Target, warehouse: Warehouse) -> None:
        self.target = target
        self.statements = Statements(target)
        self.warehouse = warehouse
        self._actual: dict[str, dict[str, str]] = {}
        self._nothing_there = False

    def run(self, statement: Statement) -> pa.Table:
        return self.warehouse.execute(statement.sql, statement.parameters)

    def identity(self) -> str:
        """Who is logged in, as the warehouse says."""
        return str(self.run(self.statements.identity()).column(0)[0].as_py())

    def marks(self, workflow_id: str | None = None) -> list[Mark] | None:
        """The marks of all sources (of one workflow); None where the schema has not been made yet.

        A schema of another executor has `sources` without marks: they are then all None.
        """
        try:
            found = self.run(self.statements.marks(workflow_id))
        except WarehouseError as error:
            if error.missing in ("schema", "table"):
                self._nothing_there = error.missing == "schema"
                return None
            if "UNRESOLVED_COLUMN" not in error.message:
                raise
            found = self.run(self.statements.marks(workflow_id, bare=True))
        return [Mark(*row.values()) for row in found.to_pylist()]

    def schema_columns(self) -> dict[str, frozenset[str]]:
        """The tables of the schema as they are, with the names of their columns; one statement each."""
        found = {}
        for layout in ALL:
            try:
                found[layout.name] = frozenset(self._described(layout))
            except WarehouseError as error:
                if error.missing not in ("schema", "table"):
                    raise
                if error.missing == "schema":
                    self._nothing_there = True
                    return {}
        return found

    def prepare(self) -> None:
        """Make what is missing: the schema, its tables, columns of theirs. Nothing is ever dropped."""
        if self._nothing_there:
            self.run(self.statements.create_schema())
            for layout in ALL:
                self._make(layout)
            self._nothing_there = False
        for layout in ALL:
            self.types(layout)

    def types(self, layout: Layout) -> Mapping[str, str]:
        """A table's columns with their types, in physical order; made, and completed, when first asked for."""
        known = self._actual.get(layout.name)
        if known is None:
            try:
                known = self._described(layout)
            except WarehouseError as error:
                if error.missing not in ("schema", "table"):
                    raise
                if error.missing == "schema":
                    self.run(self.statements.create_schema())
                known = self._make(layout)
            if _lacking(layout, known):
                known = self._complete(layout, known)
            self._actual[layout.name] = known
        return known

    def sums(self, workflow_id: str, source_ids: Sequence[str]) -> dict[str, dict[str, Sum]]:
        """Of each source its sums by table; where nothing is there, an empty one."""
        actual = {layout.name: self.types(layout) for layout in CHILDREN}
        found = {source: {layout.name: Sum() for layout in CHILDREN} for source in source_ids}
        for row in self.run(self.statements.sums(workflow_id, source_ids, actual)).to_pylist():
            found[row["source_id"]][row["name"]] = Sum(row["n"], row["h"])
        return found

    def _described(self, layout: Layout) -> dict[str, str]:
        types: dict[str, str] = {}
        for row in self.run(self.statements.describe(layout)).to_pylist():
            # Below the columns come clustering and partitions, under headings.
            if not row["col_name"] or row["col_name"].startswith("#"):
                break
            types[row["col_name"].lower()] = row["data_type"].lower()
        return types

    def _complete(self, layout: Layout, known: Mapping[str, str]) -> dict[str, str]:
        """Add the columns that a table lacks; returns what it then has."""
        failed = None
        try:
            self.run(self.statements.add_columns(layout, _lacking(layout, known)))
        except WarehouseError as error:
            # The only statement that cannot run twice: after a lost connection it may have run all the same.
            failed = error
        now = self._described(layout)
        if failed is not None and _lacking(layout, now):
            raise failed
        return now

    def _make(self, layout: Layout) -> dict[str, str]:
        """Make a table; its columns are then those of the layout."""
        try:
            self.run(self.statements.create_table(layout, clustered=True))
        except WarehouseError as error:
            # An old runtime, or a catalog that cannot cluster: the table does as well without.
            if error.trouble is not Trouble.REFUSED or "CLUSTER" not in error.message.upper():
                raise
            self.run(self.statements.create_table(layout, clustered=False))
        self._actual[layout.name] = {field.name: field.type for field in layout.fields}
        return self._actual[layout.name]


def _lacking(layout: Layout, known: Mapping[str, str]) -> list[Field]:
    """The columns of a layout that a table does not have."""
    return [field for field in layout.fields if field.name not in known]
