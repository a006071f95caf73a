"""Is the metadata schema there, and right: in the local mirror, or in a warehouse. And making it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core import rows
from core.mirror.mirror import Mirror

if TYPE_CHECKING:
    from core.databricks.target import Target

Columns = Mapping[str, frozenset[str]]
"""The tables of a schema with the names of their columns."""

WANTED: Columns = {
    name: frozenset(schema.names) for name, schema in {**rows.PUBLIC, "schema_changes": rows.SCHEMA_CHANGES}.items()
}
_STATEMENT_S = 60.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A schema compared with what it should be; `missing` are the columns that a table lacks, by table."""

    target: Literal["mirror", "databricks"]
    catalog: str
    schema: str
    found: tuple[str, ...]
    absent: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]]

    @property
    def valid(self) -> bool:
        """Whether every table is there with every column."""
        return not self.absent and not self.missing


@dataclass(frozen=True, slots=True)
class Made:
    """A schema after it was made; what was there already stays, with what is in it."""

    checked: Checked
    created: tuple[str, ...]
    completed: tuple[str, ...]


def check_mirror(mirror: Mirror) -> Checked:
    """Compare the mirror's schema. Raises `MirrorError` when it can't be read."""
    there = mirror.schema_columns() if mirror.exists() else {}
    return _compared("mirror", mirror.catalog, mirror.schema, there)


def make_mirror(mirror: Mirror) -> Made:
    """Make what the mirror lacks. Raises `MirrorError` when it can't be written."""
    before = check_mirror(mirror)
    mirror.create_schema()
    return _made(before, check_mirror(mirror))


def check_warehouse(target: Target) -> Checked:
    """Compare a warehouse's schema. Raises `WarehouseError` as its calls do."""
    return _in_warehouse(target, make=False).checked


def make_warehouse(target: Target) -> Made:
    """Make what a warehouse's schema lacks; nothing is ever dropped. Raises as `check_warehouse`."""
    return _in_warehouse(target, make=True)


def _in_warehouse(target: Target, *, make: bool) -> Made:
    from core.databricks.remote import Remote
    from core.databricks.warehouse import Warehouse

    warehouse = Warehouse(target, threading.Event(), statement_timeout_s=_STATEMENT_S)
    try:
        remote = Remote(target, warehouse)
        before = _compared("databricks", target.catalog, target.schema, remote.schema_columns())
        if not make:
            return Made(before, (), ())
        remote.prepare()
        after = _compared("databricks", target.catalog, target.schema, Remote(target, warehouse).schema_columns())
        return _made(before, after)
    finally:
        warehouse.close()


def _compared(target: Literal["mirror", "databricks"], catalog: str, schema: str, there: Columns) -> Checked:
    missing = {name: tuple(sorted(WANTED[name] - there[name])) for name in WANTED if name in there}
    return Checked(
        target,
        catalog,
        schema,
        found=tuple(name for name in WANTED if name in there),
        absent=tuple(name for name in WANTED if name not in there),
        missing={name: columns for name, columns in missing.items() if columns},
    )


def _made(before: Checked, after: Checked) -> Made:
    return Made(
        after,
        created=tuple(name for name in before.absent if name in after.found),
        completed=tuple(name for name in before.missing if name not in after.missing),
    )
