"""The job store: legal moves, leases, events in order, many processes at once."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import JobError
from core.jobs.model import JobState, SourceState, job_end, new_job_id
from core.jobs.owners import LEASE_S
from core.jobs.store import JobStore, this_owner
from core.progress import Phase, Progress


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    found = JobStore(tmp_path / "jobs.sqlite")
    yield found
    found.close()


def make(store: JobStore, sources: tuple[str, ...] = ("a", "b"), owner: str | None = None) -> str:
    return store.create(workflow_id="w", tenant_id="t", payload={"workflow_id": "w"}, source_ids=sources, owner=owner)


def test_ids_sort_by_time() -> None:
    ids = [new_job_id() for _ in range(3)]
    assert all(len(i) == len("job_") + 26 for i in ids)
    assert ids[0][:14] <= ids[1][:14] <= ids[2][:14]


def test_a_job_is_claimed_once_oldest_first(store: JobStore) -> None:
    first, second = make(store), make(store)
    one, two = store.claim("me:1:x"), store.claim("me:1:x")
    assert one is not None and two is not None
    assert (one.job_id, two.job_id, store.claim("me:1:x")) == (first, second, None)


def test_a_job_of_a_live_owner_is_not_taken(store: JobStore) -> None:
    make(store, owner=this_owner())
    assert store.claim("other:1:x") is None


def test_a_job_whose_process_is_gone_is_taken_at_once(store: JobStore) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    host = this_owner().rsplit(":", 2)[0]
    job_id = make(store, owner=f"{host}:{gone.pid}:x")
    taken = store.claim(this_owner())
    assert taken is not None and taken.job_id == job_id
    assert "taken up again" in store.events(job_id)[-1].message


@pytest.mark.parametrize("set_s", [-7200, 3600, 10**6])
def test_a_clock_that_is_set_takes_no_job_from_who_lives(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, set_s: int
) -> None:
    job_id = make(store, owner=this_owner())
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + set_s)
    other = this_owner()
    assert store.claim(other) is None
    # The owner goes on, and tells so.
    owned = store.job(job_id).owner
    assert owned is not None
    store.heartbeat(job_id, owned)
    assert store.claim(other) is None
    monkeypatch.setattr(time, "time", real)
    assert store.claim(other) is None


@pytest.mark.parametrize("set_s", [-7200, 3600])
def test_who_lives_and_tells_nothing_for_as_long_as_a_lease_loses_its_job(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, set_s: int
) -> None:
    job_id = make(store, owner=this_owner())
    real, own = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: real() + set_s)
    assert store.claim("b:1:x") is None
    monkeypatch.setattr(time, "monotonic", lambda: own() + LEASE_S + 1)
    taken = store.claim(this_owner())
    assert taken is not None and taken.job_id == job_id


def test_who_lost_the_lease_is_told(store: JobStore) -> None:
    job_id = make(store, owner="a:1:x")
    store.release(job_id, "a:1:x")
    assert store.claim("b:1:x") is not None
    with pytest.raises(JobError, match="taken over"):
        store.heartbeat(job_id, "a:1:x")


def test_cancel_ends_a_queued_job_and_asks_a_running_one(store: JobStore) -> None:
    queued, running = make(store), make(store, owner="a:1:x")
    assert store.request_cancel(queued) is JobState.CANCELLED
    assert [s.state for s in store.sources(queued)] == [SourceState.CANCELLED] * 2
    assert store.request_cancel(running) is JobState.RUNNING
    assert store.heartbeat(running, "a:1:x").cancel


def test_illegal_moves_are_refused(store: JobStore) -> None:
    job_id = make(store, owner="a:1:x")
    with pytest.raises(JobError, match="cannot become"):
        store.move_source(job_id, 0, SourceState.STAGED)
    store.move_source(job_id, 0, SourceState.RUNNING)
    store.move_source(job_id, 0, SourceState.SUCCESS, result={"x": 1})
    with pytest.raises(JobError, match="cannot become"):
        store.move_source(job_id, 0, SourceState.FAILED)
    assert store.sources(job_id)[0].result == {"x": 1}


def test_retry_takes_what_failed_and_keeps_what_succeeded(store: JobStore) -> None:
    job_id = make(store, owner="a:1:x")
    for seq, end in enumerate((SourceState.SUCCESS, SourceState.FAILED)):
        store.move_source(job_id, seq, SourceState.RUNNING)
        store.move_source(job_id, seq, end)
    with pytest.raises(JobError, match="still running"):
        store.requeue(job_id)
    store.end(job_id, JobState.PARTIAL, {})
    assert store.requeue(job_id) == ["b"]
    assert [s.state for s in store.sources(job_id)] == [SourceState.SUCCESS, SourceState.QUEUED]
    assert store.job(job_id).state is JobState.QUEUED


def test_an_ended_job_can_be_deleted_a_running_one_not(store: JobStore) -> None:
    job_id = make(store, owner="a:1:x")
    with pytest.raises(JobError, match="still running"):
        store.delete(job_id)
    store.end(job_id, JobState.FAILED, {})
    store.delete(job_id)
    with pytest.raises(JobError, match="no job"):
        store.job(job_id)
    assert store.events(job_id) == []


def test_events_are_seen_once_and_in_order(store: JobStore) -> None:
    job_id = make(store)
    for n in range(5):
        store.note(job_id, "a", "info", "test", str(n))
    make(store)  # waits for the writes before it
    events = store.events(job_id)
    assert [e.message for e in events[1:]] == list("01234")
    assert [e.message for e in store.events(job_id, events[3].id)] == ["3", "4"]


def test_progress_is_overwritten_in_place(store: JobStore) -> None:
    job_id, counters = make(store), Progress()
    for done in (1, 2, 3):
        counters.done, counters.phase = done, Phase.READING
        store.put_progress(job_id, [(0, counters)]).result()
    [record] = store.progress(job_id)
    assert (record.done, record.phase) == (3, "reading")


def test_a_job_is_found_by_part_of_its_id(store: JobStore) -> None:
    job_id = make(store)
    assert store.job(job_id[-8:]).job_id == job_id
    with pytest.raises(JobError, match="no job"):
        store.job("nothing")


def test_a_bad_write_undoes_only_itself(store: JobStore) -> None:
    errors: list[BaseException] = []

    def bad() -> None:
        try:
            store.move_source("nothing", 0, SourceState.RUNNING)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=bad)
    thread.start()
    job_id = make(store)
    thread.join()
    assert len(errors) == 1 and store.job(job_id)


def test_a_broken_store_is_told(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(JobError, match="cannot be opened"):
        JobStore(path)


def test_the_store_is_for_its_owner_only(store: JobStore, tmp_path: Path) -> None:
    assert (tmp_path / "jobs.sqlite").stat().st_mode & 0o077 == 0


def _create_many(path: str, count: int) -> None:
    store = JobStore(Path(path))
    for _ in range(count):
        make(store)
    store.close()


def test_processes_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_create_many, args=(str(path), 20)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (60,)
    connection.close()
    assert os.path.exists(path)


GOOD, BAD, SKIP, STOP = SourceState.SUCCESS, SourceState.FAILED, SourceState.SKIPPED, SourceState.CANCELLED


@pytest.mark.parametrize(
    ("states", "atomic", "end"),
    [
        ((GOOD, GOOD), False, JobState.COMPLETED),
        ((GOOD, SKIP), False, JobState.COMPLETED),
        ((GOOD, BAD), False, JobState.PARTIAL),
        ((GOOD, BAD), True, JobState.FAILED),
        ((BAD, BAD), False, JobState.FAILED),
        ((SKIP, SKIP), False, JobState.FAILED),
        ((GOOD, STOP), False, JobState.CANCELLED),
    ],
)
def test_how_a_job_ends(states: tuple[SourceState, ...], atomic: bool, end: JobState) -> None:
    assert job_end(states, atomic=atomic, cancelled=False) is end
