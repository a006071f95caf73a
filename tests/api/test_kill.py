"""No job is lost and none is made twice, whatever is killed in between."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

from tests.command import Nuvyn
from tests.servers.api import Api

KEYS, CREATES, CLIENTS = 100, 500, 500


def test_500_creates_with_100_keys_while_server_and_worker_are_killed(tmp_path: Path, opened: Path) -> None:
    order = [at % KEYS for at in range(CREATES)]
    random.Random(7).shuffle(order)
    todo, lock, halfway = iter(order), threading.Lock(), threading.Event()
    made: dict[int, set[str]] = {key: set() for key in range(KEYS)}
    done = 0
    with Api(Nuvyn(tmp_path), ("--root", str(opened))) as api:

        def create(key: int) -> str:
            """As a backend does: the same call again until it is answered."""
            body = {"workflow_id": f"w{key}", "data_source_path": str(opened / "s0")}
            while True:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    reply = api("POST", "/jobs/create", body, headers={"Idempotency-Key": f"key-{key}"})
                    assert reply.status == 200, reply.body
                    return str(reply.json()["job_id"])

        def work() -> None:
            nonlocal done
            while True:
                with lock:
                    key = next(todo, None)
                if key is None:
                    return
                job_id = create(key)
                with lock:
                    made[key].add(job_id)
                    done += 1
                    if done >= CREATES // 2:
                        halfway.set()

        clients = [threading.Thread(target=work) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        assert halfway.wait(60)
        api.kill()
        for pid in api.workers(besides=api.process.pid):
            os.kill(pid, signal.SIGKILL)
        api.start()
        for client in clients:
            client.join()

        assert all(len(ids) == 1 for ids in made.values()), made
        ids = {job_id for found in made.values() for job_id in found}
        assert len(ids) == KEYS
        for job_id in ids:
            answer: dict[str, Any] = api.execute(job_id)
            assert answer["status"] == "completed", answer
        page = api.get("/jobs?limit=1000")
        assert {job["job_id"] for job in page["jobs"]} == ids and page["total_jobs"] == KEYS
    rows = Nuvyn(tmp_path).rows("SELECT workflow_id, count(*) AS n FROM tables GROUP BY workflow_id")
    assert len(rows) == KEYS and all(row["n"] == 1 for row in rows)


def test_a_key_makes_one_job_and_is_for_one_payload(api: Api, opened: Path) -> None:
    headers = {"Idempotency-Key": "3f0c"}
    body = {"workflow_id": "key", "data_source_path": str(opened / "s0")}
    first = api("POST", "/jobs/create", body, headers=headers)
    again = api("POST", "/jobs/create", body, headers=headers)
    assert first.json()["job_id"] == again.json()["job_id"]
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    other = api("POST", "/jobs/create", body | {"workflow_id": "other"}, headers=headers)
    assert other.status == 409 and "another payload" in other.json()["error"]
    assert api("POST", "/jobs/create", body, headers={"Idempotency-Key": "x" * 256}).status == 400


def test_a_payload_with_a_secret_is_run_and_the_secret_is_not_kept(tmp_path: Path, opened: Path) -> None:
    secret = "canary-secret-77aa"
    with Api(Nuvyn(tmp_path), ("--root", str(opened))) as api:
        body = {"workflow_id": "s", "data_source_path": str(opened / "s0"), "job_metadata": {"api_token": secret}}
        headers = {"Idempotency-Key": "secret"}
        replies = [api("POST", "/jobs/create", body, headers=headers) for _ in range(3)]
        [job_id] = {reply.json()["job_id"] for reply in replies}
        assert api.execute(job_id)["status"] == "completed"
        path = f"https://account.blob.core.windows.net/c?sv=2024&sig={secret}"
        job_id = api.create({"sas": path})
        answer = api.execute(job_id)
        assert answer["status"] == "failed" and "***" in json.dumps(answer)
        reply = api("POST", f"/jobs/{job_id}/retry")
        assert reply.status == 409 and "was not stored" in reply.json()["error"]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_the_secret_of_one_call_hides_nothing_in_another(api: Api) -> None:
    """Nor does it tell, by what is hidden, what secrets there are."""
    body = {"workflow_id": "p", "data_source_path": "postgresql://u:data_source_path@db.example/d"}
    assert api("POST", "/payloads/validate", body).status == 200
    errors = api("POST", "/jobs/create", {"workflow_id": "p", "data_source_path": "/etc"}).json()["errors"]
    assert [entry["path"] for entry in errors] == ["data_source_path"]
