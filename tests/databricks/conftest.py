"""A mirror, a target, and what both hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.databricks.sync import Scope, Sync, SyncResult
from core.databricks.target import Target, target_of
from core.mirror.mirror import Mirror
from core.rows import PUBLIC, SCHEMA_CHANGES
from core.settings import Settings, load_settings
from tests.servers.warehouse import Warehouse

TABLES = {**PUBLIC, "schema_changes": SCHEMA_CHANGES}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings(home=str(tmp_path / "home"), environ={})
    found.prepare()
    return found


@pytest.fixture
def mirror(settings: Settings) -> Mirror:
    return Mirror(settings.mirror)


@pytest.fixture
def target(settings: Settings, warehouse: Warehouse) -> Target:
    return target_of(settings, environ=warehouse.environ())


class Syncs:
    """Runs syncs one after the other."""

    def __init__(self, mirror: Mirror, folder: Path) -> None:
        self._mirror, self._folder = mirror, folder
        self.last: Sync | None = None

    def __call__(self, target: Target, scope: Scope | None = None) -> SyncResult:
        self.last = sync = Sync(target, self._mirror, self._folder, scope or Scope())
        try:
            return sync.run()
        finally:
            sync.close()


@pytest.fixture
def sync(mirror: Mirror, settings: Settings) -> Iterator[Syncs]:
    yield Syncs(mirror, settings.runs)
    assert not list(settings.runs.glob("sync-*")), "a sync leaves nothing behind"


def local_rows(mirror: Mirror, where: str = "true") -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the mirror."""
    return {
        name: _sorted(mirror.query(f"SELECT {', '.join(schema.names)} FROM {name} WHERE {where}").to_pylist())
        for name, schema in TABLES.items()
    }


def remote_rows(
    warehouse: Warehouse, where: str = "true", place: str = "hive_metastore._executor_metadata"
) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the warehouse, without what only the warehouse has."""
    found = {}
    for name, schema in TABLES.items():
        names = ", ".join(schema.names)
        rows = warehouse.engine.sql(f"SELECT {names} FROM {place}.{name} WHERE {where}")
        found[name] = _sorted([dict(zip(schema.names, map(_plain, row), strict=True)) for row in rows])
    return found


def _plain(value: Any) -> Any:
    """A moment as the mirror has it: UTC without zone."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _sorted(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.items()) for row in rows), key=repr)
