"""The ways in that existing callers use, and what each writes where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.cli.root import root
from tests.command import ROOT, Nuvyn, Ran


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "a.csv").write_text("id\n1\n2\n")
    (folder / "b.json").write_text('[{"x": 1}]')
    return folder


def executor(nuvyn: Nuvyn, *arguments: str, env: dict[str, str]) -> Ran:
    done = subprocess.run(
        [sys.executable, str(ROOT / "executor/main.py"), *arguments],
        capture_output=True,
        text=True,
        env=nuvyn.environ(env),
        cwd=nuvyn.home,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_executor_prints_the_answer_and_nothing_else(nuvyn: Nuvyn, lake: Path) -> None:
    payload = {
        "job_type": "metadata_extraction",
        "workflow_id": "w",
        "sources": [
            {"source_id": "one", "data_source_path": str(lake)},
            {"source_id": "two", "data_source_path": str(lake)},
        ],
    }
    env = {"NUVYN_JOB_PAYLOAD": json.dumps(payload)}
    ran = executor(nuvyn, "metadata_extraction", "", "auto", "default", "--write-to-db", env=env)
    assert ran.code == 0
    answer = ran.json()
    assert (answer["status"], answer["success"]) == ("completed", True)
    data = answer["result_data"]
    assert (data["workflow_id"], data["total_sources"], data["sources_processed"], data["sources_failed"]) == (
        "w",
        2,
        2,
        0,
    )
    first = data["sources"][0]
    assert (first["source_id"], first["status"], first["source_type"]) == ("one", "success", "local_filesystem")
    meta = first["metadata"]
    assert (meta["files_found"], meta["total_size_bytes"], meta["written_to_db"]) == (2, 7 + 10, True)
    assert [f["path"] for f in meta["files"]] == ["a.csv", "b.json"]
    assert (meta["workflow_id"], meta["source_id"]) == ("w", "one")
    assert "only the local mirror is written" in ran.err


def test_a_good_run_tells_its_events_on_standard_error_and_nothing_else(nuvyn: Nuvyn, lake: Path) -> None:
    """No library says anything either, also not when the process ends."""
    ran = nuvyn("run", nuvyn.payload({"s": str(lake)}), "--json")
    assert ran.code == 0
    assert ran.err == ""


def test_the_single_source_shape_is_a_payload_of_one(nuvyn: Nuvyn, lake: Path) -> None:
    payload = {"workflow_id": "w", "data_source_path": str(lake)}
    env = {"NUVYN_JOB_PAYLOAD": json.dumps(payload)}
    answer = executor(nuvyn, "metadata_extraction", "", "auto", "default", env=env).json()
    assert [s["source_id"] for s in answer["result_data"]["sources"]] == ["source_1"]


def test_the_positional_form_needs_no_payload(nuvyn: Nuvyn, lake: Path) -> None:
    ran = executor(nuvyn, "metadata_extraction", str(lake), "local_filesystem", "acme", "--write-to-db", env={})
    answer = ran.json()
    assert (answer["status"], answer["result_data"]["tenant_id"]) == ("completed", "acme")
    assert nuvyn("metadata_extraction", str(lake)).json()["success"] is True


def test_a_workflow_id_may_stand_in_the_place_of_the_path(nuvyn: Nuvyn, lake: Path) -> None:
    payload = {"sources": [{"source_id": "one", "data_source_path": str(lake)}]}
    env = {"NUVYN_JOB_PAYLOAD": json.dumps(payload)}
    answer = executor(nuvyn, "metadata_extraction", "wf_9", "auto", "default", env=env).json()
    assert answer["result_data"]["workflow_id"] == "wf_9"


def test_a_payload_comes_from_a_file_standard_input_or_the_environment(nuvyn: Nuvyn, lake: Path) -> None:
    payload = nuvyn.payload({"one": str(lake)})
    text = Path(payload).read_text()
    for ran in (
        nuvyn("run", payload, "--json"),
        nuvyn("run", "-", "--json", stdin=text),
        nuvyn("run", "--json", env={"NUVYN_JOB_PAYLOAD": text}),
    ):
        assert ran.code == 0
        assert ran.last_json()["status"] == "completed"
        assert all(json.loads(line) for line in ran.out.splitlines())


def test_a_queued_job_is_run_by_a_worker_and_can_be_looked_at(nuvyn: Nuvyn, lake: Path) -> None:
    job_id = nuvyn("run", nuvyn.payload({"one": str(lake)}), "--queue", "--json").json()["job_id"]
    assert [job["status"] for job in nuvyn("jobs", "--json").json()] == ["queued"]
    assert nuvyn("worker", "--once").code == 0
    assert nuvyn("show", job_id, "--json").json()["status"] == "completed"
    assert "one: success" in nuvyn("logs", job_id[-6:]).out
    assert "2 files" in nuvyn("show", job_id).out


def test_a_relative_path_means_the_same_to_a_worker_elsewhere(nuvyn: Nuvyn, lake: Path) -> None:
    lake.rename(nuvyn.home / "lake")
    assert nuvyn("run", nuvyn.payload({"one": "lake"}), "--queue").code == 0
    worker = Nuvyn(nuvyn.home)
    assert worker("worker", "--once", cwd=lake.parent).code == 0
    assert nuvyn("jobs", "--json").json()[0]["status"] == "completed"


def test_a_queued_job_can_be_cancelled_and_retried(nuvyn: Nuvyn, lake: Path) -> None:
    job_id = nuvyn("run", nuvyn.payload({"one": str(lake)}), "--queue", "--json").json()["job_id"]
    assert nuvyn("cancel", job_id).code == 0
    assert nuvyn("cancel", job_id).code == 1
    assert nuvyn("retry", job_id).code == 0
    assert nuvyn("retry", job_id).code == 1
    assert nuvyn("jobs", "--json").json()[0]["status"] == "completed"


def test_partial_and_failed_have_their_own_exit_status(nuvyn: Nuvyn, lake: Path) -> None:
    ran = nuvyn("run", nuvyn.payload({"good": str(lake), "bad": str(lake / "nowhere")}), "--json")
    assert (ran.code, ran.last_json()["status"]) == (3, "partial")
    bad = ran.last_json()["result_data"]["sources"][1]
    assert "does not exist" in bad["error"]["message"]
    assert bad["metadata"]["written_to_db"] is False
    assert nuvyn("run", nuvyn.payload({"bad": str(lake / "nowhere")})).code == 1
    [run] = nuvyn.rows("SELECT status, error_message FROM executor_runs WHERE source_id = 'bad' LIMIT 1")
    assert run["status"] == "failed" and "does not exist" in run["error_message"]


def test_a_failed_run_leaves_the_last_good_rows_alone(nuvyn: Nuvyn, lake: Path) -> None:
    payload = nuvyn.payload({"one": str(lake)})
    assert nuvyn("run", payload).code == 0
    before = nuvyn.rows("SELECT * FROM files ORDER BY ALL")
    lake.rename(lake.with_name("away"))
    assert nuvyn("run", payload).code == 1
    assert nuvyn.rows("SELECT * FROM files ORDER BY ALL") == before


def test_an_atomic_job_stores_all_or_nothing(nuvyn: Nuvyn, lake: Path) -> None:
    sources = {"good": str(lake), "bad": str(lake / "nowhere")}
    ran = nuvyn("run", nuvyn.payload(sources, options={"atomic": True}), "--json")
    assert (ran.code, ran.last_json()["status"]) == (1, "failed")
    assert nuvyn.rows("SELECT * FROM sources") == []
    sources["bad"] = str(lake)
    assert nuvyn("run", nuvyn.payload(sources, options={"atomic": True})).code == 0
    assert len(nuvyn.rows("SELECT * FROM sources")) == 2


def test_the_demo_runs_and_shows_its_faults(nuvyn: Nuvyn) -> None:
    ran = nuvyn("demo")
    assert ran.code == 0
    for word in ("shop", "web", "finance", "orders", "coupon string", "(delta, 1 file, 60 rows)", "broken.json"):
        assert word in ran.out
    assert nuvyn("validate", str(nuvyn.home / "demo-lake/payload.json")).code == 0
    sums = nuvyn.rows(
        "SELECT source_id, count(*) FILTER (status <> 'ignored') AS found, any_value(s.files_found) AS files_found"
        " FROM files JOIN sources s USING (workflow_id, source_id) GROUP BY source_id"
    )
    assert all(row["found"] == row["files_found"] for row in sums)


def test_a_broken_mirror_fails_the_job_with_a_reason_and_leaves_nothing_running(nuvyn: Nuvyn, lake: Path) -> None:
    (nuvyn.home / "mirror.duckdb").write_bytes(b"x" * 20_000)
    ran = nuvyn("run", nuvyn.payload({"one": str(lake)}), "--json")
    assert (ran.code, ran.last_json()["status"]) == (1, "failed")
    error = ran.last_json()["result_data"]["sources"][0]["error"]
    assert "mirror" in error["message"] and "nuvyn repair" in error["hint"]
    assert [job["status"] for job in nuvyn("jobs", "--json").json()] == ["failed"]
    assert (nuvyn.home / "mirror.duckdb").read_bytes() == b"x" * 20_000


def test_an_unreadable_home_is_told_without_a_traceback(nuvyn: Nuvyn) -> None:
    (nuvyn.home / "file").write_text("")
    ran = nuvyn("jobs", env={"NUVYN_HOME": str(nuvyn.home / "file")})
    assert ran.code == 2
    assert "Traceback" not in ran.err and "hint:" in ran.err


def test_a_row_longer_than_the_sample_still_has_its_columns(nuvyn: Nuvyn, lake: Path) -> None:
    (lake / "long.csv").write_text("a,b\n1," + "x" * 3_000_000 + "\n")
    assert nuvyn("run", nuvyn.payload({"one": str(lake / "long.csv")})).code == 0
    rows = nuvyn.rows("SELECT column_name, data_type FROM columns ORDER BY position")
    assert [tuple(row.values()) for row in rows] == [("a", "bigint"), ("b", "string")]


def test_every_command_of_the_help_has_its_own(nuvyn: Nuvyn) -> None:
    overview = nuvyn("--help")
    assert overview.code == 0
    commands = [line.split()[0] for line in overview.out.split("Commands:")[1].splitlines() if line.startswith("  ")]
    assert {"run", "query", "demo", "worker"} <= set(commands)
    for command in commands:
        if command != "Start":
            shown = CliRunner().invoke(root, [command, "--help"], prog_name="nuvyn")
            assert shown.output.startswith(f"Usage: nuvyn {command}")


def test_a_payload_with_a_secret_is_not_queued(nuvyn: Nuvyn) -> None:
    payload = nuvyn.payload({"a": "https://acme.blob.core.windows.net/c/x?sv=1&sig=canary-0123456789"})
    said = nuvyn("run", payload, "--queue")
    assert said.code == 2 and "cannot have secrets" in said.err and "connection" in said.err
    assert nuvyn("jobs", "--json").json() == []
