"""What would fail as a run starts is told before it."""

from __future__ import annotations

from pathlib import Path

from core.payload.check import check
from core.payload.places import with_places
from core.settings import load_settings


def warned(home: Path, **source: object) -> list[str]:
    payload = {"workflow_id": "w", "sources": [{"source_id": "a", "data_source_path": "/a", **source}]}
    return [p.path for p in with_places(check(payload), load_settings(home=str(home), environ={})).problems]


def test_paths_that_mean_no_place_and_unknown_connections_are_warned_of(tmp_path: Path) -> None:
    assert warned(tmp_path) == []
    assert warned(tmp_path, data_source_path="s3://") == ["sources[0].data_source_path"]
    assert warned(tmp_path, data_source_type="aws_s3") == ["sources[0].data_source_path"]
    assert warned(tmp_path, connection="nope") == ["sources[0].connection"]
    assert warned(tmp_path, data_source_path="postgresql://u:${UNSET_9}@h/d") == ["sources[0].data_source_path"]


def test_the_single_source_shape_has_its_problems_at_the_top(tmp_path: Path) -> None:
    checked = check({"workflow_id": "w", "data_source_path": "zz://x"})
    problems = with_places(checked, load_settings(home=str(tmp_path), environ={})).problems
    assert [p.path for p in problems] == ["data_source_path"]
