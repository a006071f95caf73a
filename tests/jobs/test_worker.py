"""A worker runs as many jobs side by side as the settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.house import House
from core.jobs.model import JobState
from core.jobs.requests import create
from core.jobs.worker import Worker
from core.payload.load import check
from core.settings import load_settings
from tests.servers.objects import ObjectServer


@pytest.mark.parametrize(("parallel", "most"), [(1, 1), (3, 3)])
async def test_jobs_side_by_side(
    tmp_path: Path, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch, parallel: int, most: int
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.url)
    settings = load_settings(home=str(tmp_path), overrides={"parallel_jobs": parallel}, environ={})
    with House(settings) as house:
        for at in range(4):
            bucket = object_server.bucket({"a.csv": b"x\n1\n"}, latency_s=0.2)
            payload = {"workflow_id": f"w{at}", "data_source_path": f"s3://{bucket.name}"}
            create(house.store, check(payload).accepted())
        assert await Worker(settings, house.store, house.mirror).work(idle_s=0) == 4
        jobs = house.store.jobs()
    assert {job.state for job in jobs} == {JobState.COMPLETED}
    spans = [(job.started_at or 0.0, job.ended_at or 0.0) for job in jobs]
    side_by_side = max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans)
    assert side_by_side == most
