"""The live board's looks: cheap, complete, each event once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import JobError
from core.jobs.board import Board
from core.jobs.model import SourceState
from core.jobs.rate import Rate, seconds_left
from core.jobs.store import JobStore
from core.progress import Phase, Progress


@pytest.fixture
def store(tmp_path: Path):
    found = JobStore(tmp_path / "jobs.sqlite")
    yield found
    found.close()


def running(store: JobStore, *source_ids: str) -> str:
    return store.create(workflow_id="w", tenant_id="t", payload={}, source_ids=source_ids, owner="host:1:x")


def test_a_look_reads_the_counters_of_the_lines_on_screen_and_the_totals_of_all(store: JobStore) -> None:
    job = running(store, "a", "b", "c")
    for seq in range(3):
        store.move_source(job, seq, SourceState.RUNNING)
    counters = [
        (seq, Progress(phase=Phase.READING, listed=10, to_read=10, done=seq, bytes_read=5, requests=2))
        for seq in range(3)
    ]
    store.put_progress(job, counters).result()
    look = Board(store, job).look([1])
    assert list(look.standings) == [1]
    assert (look.totals.listed, look.totals.done, look.totals.to_read, look.totals.requests) == (30, 3, 30, 6)
    assert look.totals.unlisted == 0


def test_each_event_is_given_once_and_tells_of_changed_states(store: JobStore) -> None:
    job = running(store, "a")
    board = Board(store, job)
    first = board.look([])
    assert [event.kind for event in first.events] == ["created"] and first.changed
    assert board.look([]).changed is False
    store.move_source(job, 0, SourceState.RUNNING)
    second = board.look([])
    assert [event.message for event in second.events] == ["running"]
    assert second.sources[0].state is SourceState.RUNNING


def test_time_left_is_not_told_while_a_source_still_lists(store: JobStore) -> None:
    job = running(store, "a", "b")
    for seq in range(2):
        store.move_source(job, seq, SourceState.RUNNING)
    counters = [(0, Progress(phase=Phase.READING, listed=9, to_read=9, done=3)), (1, Progress(phase=Phase.LISTING))]
    store.put_progress(job, counters).result()
    look = Board(store, job).look([0, 1])
    assert look.totals.unlisted == 1 and look.left_s is None


def test_what_a_source_found_is_in_the_lines_without_its_result(store: JobStore) -> None:
    job = running(store, "a")
    store.move_source(job, 0, SourceState.RUNNING)
    found = {"files_found": 3, "total_size_bytes": 70, "tables_found": 2, "columns_found": 9}
    store.move_source(job, 0, SourceState.SUCCESS, result={"metadata": found})
    [line] = store.source_lines(job)
    assert (line.files, line.bytes, line.tables, line.columns) == (3, 70, 2, 9)
    assert (store.line(job).succeeded, store.line(job).tables) == (1, 2)
    assert store.overview() == [store.line(job)]


def test_a_deleted_job_is_a_designed_error(store: JobStore) -> None:
    with pytest.raises(JobError, match="not there any more"):
        Board(store, "job_none").look([])


def test_a_rate_is_smoothed_and_starts_anew_with_a_new_phase() -> None:
    rate = Rate()
    assert rate.update("list", 0, 0.0) == 0
    assert rate.update("list", 100, 1.0) == 100
    assert rate.update("list", 300, 2.0) == pytest.approx(130)
    assert rate.update("read", 0, 3.0) == 0
    assert seconds_left(20, 100, 40) == 2
    assert seconds_left(20, None, 40) is None and seconds_left(0, 10, 0) is None
