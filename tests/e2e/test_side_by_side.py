"""Sources run side by side, faults are tried again, limits are kept."""

from __future__ import annotations

import time

import pytest

from tests.command import Nuvyn, place
from tests.servers.objects import ObjectServer, Trouble

CSV = b"id,name\n1,a\n"
DENIED = Trouble(status=403, code="AccessDenied")


def took(nuvyn: Nuvyn, ran_json: object) -> float:
    assert isinstance(ran_json, dict)
    return float(ran_json["execution_time"])


def test_four_slow_sources_take_less_than_twice_the_time_of_one(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    found = [object_server.bucket({f"t/f{n}.csv": CSV for n in range(30)}) for _ in range(5)]
    for bucket in found:
        bucket.latency_s = 1.0
    one = nuvyn("run", nuvyn.payload({"alone": place(found[4])}, workflow="one"), "--json")
    four = nuvyn("run", nuvyn.payload({f"s{n}": place(b) for n, b in enumerate(found[:4])}), "--json")
    assert (one.code, four.code) == (0, 0)
    single = took(nuvyn, one.last_json())
    assert single >= 2
    assert took(nuvyn, four.last_json()) < 2 * single


def test_parallel_sources_and_max_concurrency_are_limits(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = object_server.bucket({f"t{n}.csv": CSV for n in range(40)})
    bucket.latency_s = 0.02
    payload = nuvyn.payload({"one": place(bucket)}, options={"max_concurrency": 5})
    assert nuvyn("run", payload).code == 0
    assert bucket.most_in_flight == 5


@pytest.mark.parametrize("drop", [False, True])
def test_transient_faults_are_tried_again(nuvyn: Nuvyn, object_server: ObjectServer, drop: bool) -> None:
    bucket = object_server.bucket({f"t/f{n}.csv": CSV for n in range(40)})
    bucket.trouble = Trouble(every=5, drop=drop)
    ran = nuvyn("run", nuvyn.payload({"one": place(bucket)}, options={"retries": 8}), "--json")
    assert ran.code == 0, ran.err
    assert bucket.counts["GET"] > 45
    assert nuvyn.rows("SELECT status, count(*) AS n FROM files GROUP BY 1") == [{"status": "read", "n": 40}]


def test_a_denied_source_is_not_tried_again(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a.csv": CSV})
    bucket.trouble = DENIED
    ran = nuvyn("run", nuvyn.payload({"one": place(bucket)}), "--json")
    assert ran.code == 1
    assert bucket.counts["LIST"] == 1
    [source] = ran.last_json()["result_data"]["sources"]
    assert source["attempts"] == 1
    assert "denied" in source["error"]["message"] and "credentials" in source["error"]["hint"]


def test_a_source_that_takes_longer_than_its_time_out_fails(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a.csv": CSV})
    bucket.latency_s = 30
    begun = time.monotonic()
    ran = nuvyn("run", nuvyn.payload({"one": place(bucket)}, options={"timeout_s": 0.5}), "--json")
    assert time.monotonic() - begun < 15
    assert "timeout_s = 0.5" in ran.last_json()["result_data"]["sources"][0]["error"]["message"]


@pytest.mark.parametrize("fixed", [True, False])
def test_a_failed_source_is_retried_by_hand_and_the_good_one_left_alone(
    nuvyn: Nuvyn, object_server: ObjectServer, fixed: bool
) -> None:
    good, bad = object_server.bucket({"a.csv": CSV}), object_server.bucket({"a.csv": CSV})
    bad.trouble = DENIED
    ran = nuvyn("run", nuvyn.payload({"good": place(good), "bad": place(bad)}), "--json")
    assert ran.code == 3
    good.counts.clear()
    bad.trouble = None if fixed else DENIED
    again = nuvyn("retry", ran.last_json()["job_id"], "--json")
    assert (again.code, again.last_json()["status"]) == ((0, "completed") if fixed else (3, "partial"))
    assert sum(good.counts.values()) == 0
