"""Processes that outlive who started them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from core.house import House
from core.jobs import tending
from core.jobs.background import carries_secrets, hand_over, submit
from core.jobs.model import JobState, SourceState
from core.jobs.owners import this_owner
from core.jobs.watch import Watch
from core.payload.load import check
from core.payload.models import Job
from core.settings import Settings, load_settings
from tests.command import Nuvyn


@pytest.fixture
def house(tmp_path: Path, bare_environment: None):
    with House(load_settings(home=str(tmp_path / "home"), environ={})) as found:
        yield found


def job_of(*paths: str) -> Job:
    sources = [{"source_id": f"s{at}", "data_source_path": path} for at, path in enumerate(paths)]
    job = check({"workflow_id": "w", "sources": sources}).job
    assert job is not None
    return job


def ended(house: House, job_id: str) -> JobState:
    watch = Watch(house.store, job_id)
    while not (glance := watch.look()).job.state.ended:
        os.sched_yield()
    return glance.job.state


def test_a_payload_with_a_secret_is_run_by_a_process_of_its_own_and_stored_without_it(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    job = check(
        {
            "workflow_id": "w",
            "sources": [{"source_id": "a", "data_source_path": str(tmp_path / "a.csv")}],
            "job_metadata": {"api_token": "canary-9d7f3c"},
        }
    ).job
    assert job is not None and carries_secrets(job)
    job_id = submit(house.settings, house.store, job)
    assert ended(house, job_id) is JobState.COMPLETED
    assert "canary-9d7f3c" not in json.dumps(house.store.job(job_id).payload)
    for path in house.settings.home.rglob("*"):
        # The other process leaves just now, and takes its files along.
        with contextlib.suppress(FileNotFoundError):
            assert not path.is_file() or b"canary-9d7f3c" not in path.read_bytes(), path


def test_a_payload_without_secrets_waits_for_a_worker(house: House, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    job_id = submit(house.settings, house.store, job_of(str(tmp_path / "a.csv")))
    assert house.store.job(job_id).state is JobState.QUEUED
    assert house.store.load() == (0, 1)
    assert Nuvyn(house.settings.home)("worker", "--once").code == 0
    assert house.store.job(job_id).state is JobState.COMPLETED
    assert house.store.load() == (0, 0)
    assert house.store.workers.alive() == 0


def test_a_handed_job_ends_well_when_who_handed_it_does_not_wait(house: House, tmp_path: Path) -> None:
    job_id, _ = hand_over(house.settings, house.store, job_of(str(tmp_path)))
    record = house.store.job(job_id)
    assert record.state.ended or (record.lease_until or 0) - record.created_at > 60, "a slow start loses no job"
    assert ended(house, job_id).ended


def test_workers_are_alive_until_they_leave_or_their_process_is_gone(house: House) -> None:
    owner = this_owner()
    house.store.workers.seen(owner).result()
    host = owner.rsplit(":", 2)[0]
    house.store.workers.seen(f"{host}:999999999:dead").result()
    assert house.store.workers.alive() == 1
    house.store.workers.left(owner)
    assert house.store.workers.alive() == 0


def test_of_many_that_see_no_worker_one_starts_it(house: House) -> None:
    assert [house.store.workers.reserve() for _ in range(3)] == [True, False, False]


def test_one_source_of_a_queued_or_running_job_can_be_cancelled(house: House, tmp_path: Path) -> None:
    for at in range(2):
        (tmp_path / str(at)).mkdir()
        (tmp_path / str(at) / "a.csv").write_text("x\n1\n")
    job_id = submit(house.settings, house.store, job_of(str(tmp_path / "0"), str(tmp_path / "1")))
    house.store.request_source_cancel(job_id, 0)
    assert Nuvyn(house.settings.home)("worker", "--once").code == 0
    states = [source.state for source in house.store.source_lines(job_id)]
    assert states == [SourceState.CANCELLED, SourceState.SUCCESS]
    assert house.store.requeue(job_id) == ["s0"]
    assert Nuvyn(house.settings.home)("worker", "--once").code == 0
    assert house.store.job(job_id).state is JobState.COMPLETED


def test_a_worker_that_does_not_answer_any_more_is_ended_and_another_started(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start(settings: Settings) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen(["sleep", "600"]))
        return started[-1]

    monkeypatch.setattr(tending, "start_worker", start)
    submit(house.settings, house.store, job_of(str(tmp_path)))
    found = tending.Tending(house)
    found.tend()
    found.tend()
    assert len(started) == 1, "it is given time to start"
    # As if it had stood there for longer than a lease.
    monkeypatch.setattr(tending, "LEASE_S", 0)
    monkeypatch.setattr("core.jobs.owners.is_gone", lambda *_: True)
    found.tend()
    assert len(started) == 2 and started[0].wait(10) == -signal.SIGKILL
    started[1].kill()
    started[1].wait()
