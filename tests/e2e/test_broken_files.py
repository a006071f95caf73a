"""Files of every format cut and changed at random: each is read or failed with a reason, and nothing else happens."""

from __future__ import annotations

import random

import pytest

from bench.broken_files import broken
from tests.every_format import lake
from tests.pipeline import run


@pytest.mark.parametrize("seed", range(3))
def test_many_broken_files(seed: int) -> None:
    dice = random.Random(seed)
    objects: dict[str, bytes] = {}
    for copy in range(40):
        for key, data in lake().items():
            how = dice.choice(("cut", "changed", "whole"))
            objects[f"{copy}/{key}"] = data if how == "whole" or not data else broken(data, how, dice)
    ran = run(objects, row_counts="exact")
    failed = [row for row in ran.rows["files"] if row["status"] == "failed"]
    assert failed and all(row["error"] for row in failed)
    assert [row for row in failed if "its reader failed" in row["error"]] == []
    assert all(row["row_count"] is None or row["row_count"] >= 0 for row in (*ran.rows["files"], *ran.rows["tables"]))


def test_whole_files_stay_right_beside_broken_ones() -> None:
    whole = lake()
    dice = random.Random(5)
    cut = {f"cut/{key}": broken(data, "cut", dice) for key, data in whole.items() if data}
    alone = run({f"whole/{key}": data for key, data in whole.items()})
    both = run({f"whole/{key}": data for key, data in whole.items()} | cut)
    for name in ("tables", "columns", "files"):
        path = "table_name" if name != "files" else "file_path"
        assert [row for row in both.rows[name] if row[path].startswith("whole/")] == alone.rows[name]
