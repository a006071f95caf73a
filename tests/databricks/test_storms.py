"""Any mixture of commits, faults and syncs that die anywhere ends, after one good sync, with both sides equal."""

from __future__ import annotations

import os
import random
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from core.databricks import chunks
from core.databricks.plan import State
from core.databricks.sync import Scope, Sync
from core.databricks.target import Target
from core.errors import NuvynError
from core.mirror.mirror import Mirror
from core.settings import Settings
from tests.databricks.conftest import local_rows, remote_rows
from tests.mirror.catalogs import commit_catalog
from tests.servers.warehouse import Warehouse

FAULTS = ("drop_before", "drop_after", "drop_poll", "session", "http_503", "conflict")
STATEMENTS = ("INSERT", "`columns`", "`sources`", "SELECT", "UPDATE", "CREATE", "DESCRIBE")


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("seed", range(int(os.environ.get("NUVYN_TEST_STORMS", "2"))))
def test_both_sides_are_equal_in_the_end(
    seed: int,
    mirror: Mirror,
    warehouse: Warehouse,
    target: Target,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(chunks, "MOST_ROWS", chance.choice([7, 30, 1000]))
    monkeypatch.setattr("core.databricks.warehouse.backoff", lambda *_, **__: 0.0)
    monkeypatch.setattr("core.databricks.warehouse._BUSY_WAIT_S", 0.0)
    for step in range(8):
        for _ in range(chance.randint(1, 3)):
            tables = {
                f"t{chance.randint(0, 9)}": [f"c{n}" for n in range(chance.randint(0, 12))]
                for _ in range(chance.randint(0, 8))
            }
            commit_catalog(mirror, tmp_path / str(step), "w", f"s{chance.randint(0, 4)}", tables)
        for _ in range(chance.randint(0, 2)):
            warehouse.fail(chance.choice(FAULTS), chance.choice(STATEMENTS), times=chance.randint(1, 2))
        with suppress(Died, NuvynError):
            _sync(mirror, target, settings, monkeypatch, dies_at=chance.choice([None, chance.randint(1, 25)]))
    warehouse.faults.clear()
    _sync(mirror, target, settings, monkeypatch)
    assert local_rows(mirror) == remote_rows(warehouse)
    with closing(Sync(target, mirror, settings.runs, Scope())) as last:
        assert {source.state for source in last.plan().sources} == {State.EQUAL}


def _sync(
    mirror: Mirror, target: Target, settings: Settings, monkeypatch: pytest.MonkeyPatch, dies_at: int | None = None
) -> None:
    """A sync, whose process may be gone before its n-th statement."""
    with closing(Sync(target, mirror, settings.runs, Scope())) as sync:
        warehouse = sync._remote.warehouse
        ask = warehouse._ask

        def mortal(*arguments: Any) -> Any:
            if warehouse.statements + 1 == dies_at:
                raise Died
            return ask(*arguments)

        monkeypatch.setattr(warehouse, "_ask", mortal)
        sync.run()
