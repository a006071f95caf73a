"""The life of a job through the API, and what every call answers when something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import Nuvyn
from tests.servers.api import Api


def test_a_job_from_create_to_result(api: Api, opened: Path) -> None:
    payload = {
        "job_type": "metadata_extraction",
        "workflow_id": "life",
        "tenant_id": "acme",
        "sources": [
            {"source_id": "good", "data_source_path": str(opened / "s0"), "data_source_type": "local_filesystem"},
            {"source_id": "gone", "data_source_path": str(opened / "none")},
            {"source_id": "odd", "data_sorce_path": "x"},
        ],
    }
    made = api("POST", "/jobs/create", payload).json()
    assert (made["status"], made["message"]) == ("created", "Job created successfully")
    warned = {entry["path"]: entry["message"] for entry in made["warnings"]}
    assert "did you mean `data_source_path`" in warned["sources[2].data_sorce_path"]
    assert "will be skipped" in warned["sources[2].data_source_path"]

    job_id = made["job_id"]
    answer = api.execute(job_id)
    assert (answer["status"], answer["success"]) == ("partial", False)
    data = answer["result_data"]
    assert (data["total_sources"], data["sources_processed"], data["sources_failed"]) == (3, 1, 1)
    assert [source["status"] for source in data["sources"]] == ["success", "failed", "skipped"]
    assert data["sources"][0]["metadata"]["files_found"] == 1
    assert data["sources"][0]["metadata"]["written_to_db"] is True

    assert api.get(f"/jobs/{job_id}/result") == answer
    status = api.get(f"/jobs/{job_id}/status")
    assert (status["status"], status["tenant_id"]) == ("partial", "acme")
    assert status["result"] == data
    assert [(s["source_id"], s["status"], s["files_found"]) for s in status["sources"]] == [
        ("good", "success", 1),
        ("gone", "failed", 0),
        ("odd", "skipped", 0),
    ]
    assert status["progress"]["sources_ended"] == 3

    assert api("DELETE", f"/jobs/{job_id}/cancel").status == 409
    again = api("POST", f"/jobs/{job_id}/retry").json()
    assert (again["status"], again["sources"]) == ("queued", ["gone"])
    assert api.execute(job_id)["status"] == "partial"


def test_what_failed_is_run_again_and_what_succeeded_is_not(api: Api, opened: Path) -> None:
    job_id = api.create({"there": str(opened / "s1"), "late": str(opened / "late")}, "again")
    assert api.execute(job_id)["status"] == "partial"
    (opened / "late").mkdir()
    (opened / "late" / "a.csv").write_text("x\n1\n")
    assert api("POST", f"/jobs/{job_id}/retry").status == 200
    answer = api.execute(job_id)
    assert answer["status"] == "completed"
    assert [source["attempts"] for source in answer["result_data"]["sources"]] == [1, 2]
    refused = api("POST", f"/jobs/{job_id}/retry")
    assert refused.status == 409 and "left to retry" in refused.json()["error"]


def test_a_job_of_the_operator_is_seen_and_not_run_again_by_a_caller(api: Api, opened: Path) -> None:
    api.nuvyn.payload({"a": "/nowhere-at-all"}, "operators")
    api.nuvyn("run", "payload.json")
    [job] = api.get("/jobs?workflow_id=operators")["jobs"]
    assert job["status"] == "failed"
    reply = api("POST", f"/jobs/{job['job_id']}/retry")
    assert reply.status == 403 and "operator" in reply.json()["error"]


def test_text_that_no_answer_could_hold(api: Api) -> None:
    for path in ("/ping", "/schema/validate", "/datasources/test"):
        reply = api("POST", path, b'{"path": "\\ud800"}')
        assert reply.status == 400 and "half a character" in reply.json()["error"], path
    assert api("GET", "/jobs", headers={"Origin": "http://["}).status == 403
    for credentials in ({"port": 0, "host": "h"}, {"port": "\u0663", "host": "h"}):
        reply = api("POST", "/datasources/test", {"source_type": "mysql", "credentials": credentials})
        assert reply.status == 400, credentials
    assert api("POST", "/datasources/test", {"path": f"https://{'a' * 64}.example/x"}).json()["success"] is False


def test_both_shapes_and_the_single_one_names_its_source(api: Api, opened: Path) -> None:
    single = {"job_type": "metadata_extraction", "workflow_id": "single", "data_source_path": str(opened / "s2")}
    job_id = api("POST", "/jobs/create", single).json()["job_id"]
    [source] = api.execute(job_id)["result_data"]["sources"]
    assert (source["source_id"], source["status"]) == ("source_1", "success")


@pytest.mark.parametrize(
    ("body", "message", "paths"),
    [
        ({"data_source_path": "x"}, "Missing required field: workflow_id", ["workflow_id"]),
        (
            {"sources": [{"source_id": "a", "data_source_path": "/x"}, {"data_source_path": "/y"}]},
            "Missing required field: workflow_id",
            ["workflow_id", "sources[1].source_id"],
        ),
        (
            {"workflow_id": "w", "sources": [{"data_source_path": "/y"}]},
            "source_id (sources[0])",
            ["sources[0].source_id"],
        ),
        ({"workflow_id": "w"}, "the payload names no source", ["sources"]),
        ([], "must be a JSON object", [""]),
    ],
)
def test_every_problem_of_a_refused_payload_at_once(api: Api, body: Any, message: str, paths: list[str]) -> None:
    reply = api("POST", "/jobs/create", body)
    assert reply.status == 400
    document = reply.json()
    assert document["status"] == "error" and message in document["error"]
    assert [entry["path"] for entry in document["errors"]] == paths
    assert all(entry["hint"] for entry in document["errors"])
    same = api("POST", "/payloads/validate", body).json()
    assert same["valid"] is False and same["errors"] == document["errors"]


def test_text_that_is_no_json_gives_line_and_column(api: Api) -> None:
    reply = api(
        "POST", "/jobs/create", b'{"workflow_id": "w",\n "sources": [,]}', headers={"Content-Type": "application/json"}
    )
    assert reply.status == 400 and "line 2, column 14" in reply.json()["error"]


def test_validate_runs_nothing(api: Api, opened: Path) -> None:
    before = api.get("/jobs")["total_jobs"]
    good = api("POST", "/payloads/validate", {"workflow_id": "w", "data_source_path": str(opened), "extra": 1}).json()
    assert (good["valid"], good["workflow_id"], good["sources"]) == (True, "w", 1)
    assert [entry["path"] for entry in good["warnings"]] == ["extra"]
    assert api.get("/jobs")["total_jobs"] == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/jobs/job_nope/status", 404),
        ("GET", "/jobs/job_nope/result", 404),
        ("GET", "/jobs/job_nope/events", 404),
        ("POST", "/jobs/job_nope/execute", 404),
        ("POST", "/jobs/job_nope/retry", 404),
        ("DELETE", "/jobs/job_nope/cancel", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/jobs", 405),
        ("GET", "/jobs?limit=0", 400),
        ("GET", "/jobs?limit=x", 400),
        ("GET", "/jobs?status=done", 400),
        ("GET", "/jobs?cursor=abc", 400),
    ],
)
def test_errors_have_one_shape(api: Api, method: str, path: str, status: int) -> None:
    reply = api(method, path)
    assert reply.status == status
    document = reply.json()
    assert set(document) == {"error", "status", "errors"} and document["status"] == "error"
    assert document["error"] == document["errors"][0]["message"]
    assert set(document["errors"][0]) == {"path", "message", "hint"}


def test_a_beginning_of_an_id_is_no_job_here(api: Api, opened: Path) -> None:
    job_id = api.create({"a": str(opened / "s0")}, "beginning")
    assert api("DELETE", f"/jobs/{job_id[:20]}/cancel").status == 404
    api.execute(job_id)


def test_bodies_that_are_too_long_or_no_json(api: Api) -> None:
    long = b" " * 10_000_001
    assert api("POST", "/jobs/create", long, headers={"Content-Type": "application/json"}).status == 413
    chunked = (b" " * 1_000_000 for _ in range(11))
    connection = api.connect()
    connection.request("POST", "/payloads/validate", chunked, {"Content-Type": "application/json"}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert (
        api("POST", "/jobs/create", b"a=1", headers={"Content-Type": "application/x-www-form-urlencoded"}).status == 415
    )
    assert api("POST", "/ping", b'{"a": 1}').json()["received_data"] == {"a": 1}


def test_lists_are_paged_and_filtered(api: Api, opened: Path) -> None:
    made = [api.create({"a": str(opened / "s0")}, "paged", tenant_id=f"t{at % 2}") for at in range(5)]
    for job_id in made:
        api.execute(job_id)
    seen, cursor = [], ""
    while True:
        page = api.get(f"/jobs?workflow_id=paged&limit=2&cursor={cursor}")
        assert page["total_jobs"] == 5 and len(page["jobs"]) <= 2
        seen += [job["job_id"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    assert [j["job_id"] for j in api.get("/jobs?workflow_id=paged&tenant_id=t1")["jobs"]] == [made[3], made[1]]
    [entry] = api.get("/jobs?workflow_id=paged&limit=1&status=completed")["jobs"]
    assert (entry["files_found"], entry["tables_found"], entry["sources_processed"]) == (1, 1, 1)
    assert api.get("/jobs?workflow_id=paged&status=failed")["jobs"] == []
    stats = api.get("/jobs/stats")
    assert stats["total_jobs"] == sum(stats["by_status"].values()) >= 5
    assert stats["completed_jobs"] >= 5 and stats["success_rate"] > 0


def test_a_queued_job_is_cancelled_at_once_and_has_an_answer(tmp_path: Path, opened: Path) -> None:
    with Api(Nuvyn(tmp_path), ("--root", str(opened))) as api, api.no_worker():
        job_id = api.create({"a": str(opened / "s0")}, "cancelled")
        assert api("GET", f"/jobs/{job_id}/result").status == 404
        assert api.get("/health")["checks"]["worker"]["message"] == "1 alive"
        reply = api("DELETE", f"/jobs/{job_id}/cancel")
        assert (reply.status, reply.json()["status"]) == (200, "cancelled")
        result = api.get(f"/jobs/{job_id}/result")
        assert (result["status"], result["success"]) == ("cancelled", False)
        assert api("DELETE", f"/jobs/{job_id}/cancel").status == 409
        assert api("POST", f"/jobs/{job_id}/retry").json()["sources"] == ["a"]


def test_a_full_queue_says_when_to_come_again(tmp_path: Path, opened: Path) -> None:
    with Api(Nuvyn(tmp_path), ("--root", str(opened)), env={"NUVYN_API_MAX_WAITING": "2"}) as api, api.no_worker():
        made = [api.create({"a": str(opened / "s0")}, "full") for _ in range(2)]
        reply = api("POST", "/jobs/create", {"workflow_id": "full", "data_source_path": str(opened)})
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        api("DELETE", f"/jobs/{made[0]}/cancel")
        api.create({"a": str(opened / "s0")}, "full")


def test_types_info_ping_and_health(api: Api) -> None:
    types = api.get("/datasources/types")
    assert {"azure_blob", "aws_s3", "postgresql"} <= set(types["type_info"]) <= set(types["supported_types"])
    info = api.get("/info")
    assert info["job_types"] == ["metadata_extraction"]
    assert info["endpoints"]["create_job"] == "POST /jobs/create"
    assert api("POST", "/ping").json()["pong"] is True
    health = api.get("/health")
    assert health["status"] == "healthy" and set(health["checks"]) == {"store", "mirror", "worker"}


def test_metrics_count_what_happened(api: Api, opened: Path) -> None:
    api.execute(api.create({"a": str(opened / "s0")}, "metrics"))
    text = api("GET", "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['nuvyn_jobs{status="completed"}']) >= 1
    assert float(values["nuvyn_job_duration_seconds_count"]) >= 1
    assert float(values['nuvyn_http_requests_total{method="POST",route="/jobs/create",status="200"}']) >= 1
    assert float(values["nuvyn_source_requests"]) >= 1


def test_the_documentation_needs_no_other_server(api: Api) -> None:
    page = api("GET", "/docs").body.decode()
    assert "http://" not in page and "https://" not in page
    assert api("GET", "/docs/files/swagger-ui-bundle.js").status == 200
    document = api.get("/openapi.json")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert "422" not in operation["responses"], (method, path)
            assert operation.get("description"), (method, path)
