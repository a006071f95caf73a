"""Two jobs on one source of one workflow have it one after the other; on others they go side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.house import House
from core.jobs.model import JobRecord, JobState, SourceState
from core.jobs.requests import create
from core.jobs.store import JobStore
from core.jobs.worker import Worker
from core.payload.load import check
from core.settings import load_settings
from tests.servers.objects import ObjectServer


@pytest.fixture
def house(tmp_path: Path, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.url)
    return House(load_settings(home=str(tmp_path), overrides={"parallel_jobs": 8}, environ={}))


def spans(store: JobStore, job: JobRecord) -> dict[str, tuple[float, float]]:
    return {s.source_id: (s.started_at or 0.0, s.ended_at or 0.0) for s in store.sources(job.job_id)}


async def run_both(house: House, server: ObjectServer, one: list[str], other: list[str], **options: object) -> None:
    """Run two jobs of one workflow at once, whose sources answer slowly."""
    for names in (one, other):
        sources = []
        for name in names:
            bucket = server.bucket({"a.csv": b"x\n1\n"}, latency_s=0.2)
            sources.append({"source_id": name, "data_source_path": f"s3://{bucket.name}"})
        create(house.store, check({"workflow_id": "w", "sources": sources, "options": options}).accepted())
    assert await Worker(house.settings, house.store, house.mirror).work(idle_s=0) == 2


@pytest.mark.parametrize("atomic", [False, True])
async def test_a_source_that_two_jobs_have_is_run_by_one_after_the_other(
    house: House, object_server: ObjectServer, atomic: bool
) -> None:
    # In opposite order and one source at a time: who waits must not be waited for.
    await run_both(house, object_server, ["a", "b"], ["b", "a"], parallel_sources=1, atomic=atomic)
    second, first = house.store.jobs()
    assert (first.state, second.state) == (JobState.COMPLETED, JobState.COMPLETED)
    earlier, later = spans(house.store, first), spans(house.store, second)
    if min(later.values()) < min(earlier.values()):
        earlier, later = later, earlier
    for source in ("a", "b"):
        assert earlier[source][1] <= later[source][0], source
    waited = [event.message for job in (first, second) for event in house.store.events(job.job_id)]
    assert any(text.startswith("waits for job ") for text in waited)
    assert house.store._db.read("SELECT * FROM turns") == []
    house.close()


async def test_other_sources_do_not_wait(house: House, object_server: ObjectServer) -> None:
    await run_both(house, object_server, ["a", "b"], ["c"])
    second, first = house.store.jobs()
    [(begun, _)] = spans(house.store, second).values()
    assert begun < max(ended for _, ended in spans(house.store, first).values())
    house.close()


def test_a_source_that_is_cancelled_while_it_waits_keeps_its_job_from_nothing(house: House) -> None:
    store = house.store
    ids = []
    for owner in ("there:1:0", "there:2:0"):
        ids.append(store.create(workflow_id="w", tenant_id="t", payload={}, source_ids=["a", "b"], owner=owner))
        store.turns.take(ids[-1], "w", [(0, "a"), (1, "b")])
    assert store.turns.ahead(ids[1]) == {0: ids[0], 1: ids[0]}
    store.move_source(ids[1], 0, SourceState.CANCELLED)
    assert store.turns.ahead(ids[1]) == {1: ids[0]}
    house.close()


def test_a_job_whose_worker_is_gone_holds_up_nobody(house: House) -> None:
    store = house.store
    ids = []
    for owner in ("gone:1:0", "there:1:0"):
        ids.append(store.create(workflow_id="w", tenant_id="t", payload={}, source_ids=["a"], owner=owner))
        store.turns.take(ids[-1], "w", [(0, "a")])
    assert store.turns.ahead(ids[0]) == {}
    assert store.turns.ahead(ids[1]) == {0: ids[0]}
    store.release(ids[0], "gone:1:0")
    assert store.turns.ahead(ids[1]) == {}
    # Taken up again it queues anew, behind who is at it by now.
    store.turns.take(ids[0], "w", [(0, "a")])
    assert store.turns.ahead(ids[0]) == {0: ids[1]}
    house.close()
