"""A worker killed in the middle: the next one finishes its job and redoes nothing that was stored."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from core.jobs.model import SourceState
from core.jobs.store import JobStore
from core.mirror.mirror import Mirror
from tests.command import Nuvyn, place
from tests.servers.objects import Bucket, ObjectServer

CSV = b"id,name\n1,a\n2,b\n"


def buckets(object_server: ObjectServer, count: int = 4) -> list[Bucket]:
    return [object_server.bucket({f"t/f{n}.csv": CSV for n in range(20)}) for _ in range(count)]


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def states(store: JobStore, job_id: str) -> list[SourceState]:
    return [source.state for source in store.sources(job_id)]


def test_the_next_worker_finishes_and_asks_nothing_again_of_what_was_stored(
    nuvyn: Nuvyn, object_server: ObjectServer
) -> None:
    found = buckets(object_server)
    found[2].latency_s = found[3].latency_s = 30
    payload = nuvyn.payload({f"s{n}": place(bucket) for n, bucket in enumerate(found)})
    job_id = nuvyn("run", payload, "--queue", "--json").json()["job_id"]
    worker = nuvyn.start("worker")
    store = JobStore(nuvyn.home / "jobs.sqlite")
    until(lambda: states(store, job_id)[:2] == [SourceState.SUCCESS] * 2 and found[3].counts["LIST"] > 0)
    worker.kill()
    worker.communicate()
    assert states(store, job_id)[2:] == [SourceState.RUNNING] * 2

    for bucket in found:
        bucket.latency_s = 0
        bucket.counts.clear()
    assert nuvyn("worker", "--once").code == 0
    assert states(store, job_id) == [SourceState.SUCCESS] * 4
    assert store.job(job_id).state == "completed"
    assert [sum(bucket.counts.values()) for bucket in found[:2]] == [0, 0]
    assert [bucket.counts["GET"] for bucket in found[2:]] == [20, 20]
    assert any("taken up again" in event.message for event in store.events(job_id))
    store.close()
    rows = nuvyn.rows("SELECT source_id, count(*) AS n FROM files GROUP BY 1 ORDER BY 1")
    assert rows == [{"source_id": f"s{n}", "n": 20} for n in range(4)]


def test_an_atomic_job_shows_nothing_before_its_end(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    found = buckets(object_server)
    found[3].latency_s = 30
    payload = nuvyn.payload({f"s{n}": place(b) for n, b in enumerate(found)}, options={"atomic": True})
    job_id = nuvyn("run", payload, "--queue", "--json").json()["job_id"]
    worker = nuvyn.start("worker")
    store = JobStore(nuvyn.home / "jobs.sqlite")
    until(lambda: states(store, job_id)[:3] == [SourceState.STAGED] * 3 and found[3].counts["LIST"] > 0)
    mirror = Mirror(nuvyn.home / "mirror.duckdb")
    assert not mirror.exists() or mirror.query("SELECT count(*) AS n FROM sources").to_pylist() == [{"n": 0}]
    worker.kill()
    worker.communicate()
    assert not mirror.exists() or mirror.query("SELECT count(*) AS n FROM files").to_pylist() == [{"n": 0}]

    found[3].latency_s = 0
    for bucket in found:
        bucket.counts.clear()
    assert nuvyn("worker", "--once").code == 0
    assert store.job(job_id).state == "completed"
    assert [sum(bucket.counts.values()) for bucket in found[:3]] == [0, 0, 0]
    store.close()
    assert nuvyn.rows("SELECT count(*) AS n FROM sources") == [{"n": 4}]


def test_ctrl_c_cancels_within_three_seconds_and_keeps_what_ended(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    good, slow = buckets(object_server, 2)
    slow.latency_s = 30
    payload = nuvyn.payload({"good": place(good), "slow": place(slow)})
    run = nuvyn.start("run", payload, "--json")
    until(lambda: (nuvyn.home / "jobs.sqlite").exists())
    store = JobStore(nuvyn.home / "jobs.sqlite")
    until(lambda: bool(store.jobs()))
    [job] = store.jobs()
    until(lambda: states(store, job.job_id)[0] is SourceState.SUCCESS and slow.counts["LIST"] > 0)
    begun = time.monotonic()
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=30)
    assert time.monotonic() - begun < 3
    assert run.returncode == 130
    answer = json.loads(out.strip().splitlines()[-1])
    assert answer["status"] == "cancelled"
    assert [s["status"] for s in answer["result_data"]["sources"]] == ["success", "cancelled"]
    store.close()
    assert nuvyn.rows("SELECT source_id FROM sources") == [{"source_id": "good"}]


def test_a_worker_that_is_stopped_gives_its_job_back(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    [slow] = buckets(object_server, 1)
    slow.latency_s = 30
    job_id = nuvyn("run", nuvyn.payload({"slow": place(slow)}), "--queue", "--json").json()["job_id"]
    worker = nuvyn.start("worker")
    until(lambda: slow.counts["LIST"] > 0)
    worker.terminate()
    worker.communicate(timeout=10)
    assert worker.returncode == 0
    slow.latency_s = 0
    assert nuvyn("worker", "--once").code == 0
    assert nuvyn("show", job_id, "--json").json()["status"] == "completed"


def test_staged_rows_are_gone_when_a_job_has_ended(nuvyn: Nuvyn, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    assert nuvyn("run", nuvyn.payload({"one": str(tmp_path / "a.csv")})).code == 0
    assert list((nuvyn.home / "runs").iterdir()) == []


def test_a_job_of_a_worker_is_cancelled_from_outside(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    [slow] = buckets(object_server, 1)
    slow.latency_s = 30
    job_id = nuvyn("run", nuvyn.payload({"slow": place(slow)}), "--queue", "--json").json()["job_id"]
    worker = nuvyn.start("worker", "--once")
    until(lambda: slow.counts["LIST"] > 0)
    assert nuvyn("cancel", job_id).code == 0
    worker.communicate(timeout=15)
    assert nuvyn("show", job_id, "--json").json()["status"] == "cancelled"


def test_a_source_that_workers_die_of_ends_and_the_others_go_on(nuvyn: Nuvyn, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "a.csv").write_text("id\n1\n")
    payload = nuvyn.payload({"deadly": str(tmp_path / "good"), "good": str(tmp_path / "good")})
    job_id = nuvyn("run", payload, "--queue", "--json").last_json()["job_id"]
    with closing(JobStore(nuvyn.home / "jobs.sqlite")) as store:
        for at in range(6):
            assert store.claim(f"{socket.gethostname()}:{dead.pid}:{at}") is not None
            if at == 0:
                store.move_source(job_id, 0, SourceState.RUNNING)
        assert store.deaths(job_id) == 5
        assert nuvyn("worker", "--once").code == 0
        deadly, good = store.sources(job_id)
        assert (deadly.state, good.state) == (SourceState.FAILED, SourceState.SUCCESS)
        assert "workers died" in (deadly.error or "")
    # Asked for once more, it is run once more.
    assert nuvyn("retry", job_id).code == 0
