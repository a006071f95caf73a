"""Every row of the contract's table of wrong input, through the command line and the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.cli.root import run

SOURCE = {"source_id": "one", "data_source_path": "/nowhere"}

REFUSED: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "not JSON": ('{\n  "workflow_id": oops}', [("", "line 2, column 18")]),
    "not an object": ("[1]", [("", "must be a JSON object, not a list (line 1, column 1)")]),
    "no workflow_id": ({"sources": [SOURCE]}, [("workflow_id", "workflow_id is required")]),
    "blank workflow_id": ({"workflow_id": "  ", "sources": [SOURCE]}, [("workflow_id", "workflow_id is required")]),
    "source without source_id": (
        {"workflow_id": "w", "sources": [SOURCE, {"data_source_path": "/x"}]},
        [("sources[1].source_id", "Missing required field: source_id (sources[1])")],
    ),
    "blank source_id": (
        {"workflow_id": "w", "sources": [{"source_id": " ", "data_source_path": "/x"}]},
        [("sources[0].source_id", "Missing required field: source_id (sources[0])")],
    ),
    "duplicate source_id": (
        {"workflow_id": "w", "sources": [SOURCE, SOURCE]},
        [("sources[1].source_id", "duplicate source_id `one`: sources[0] and sources[1]")],
    ),
    "no source": ({"workflow_id": "w", "sources": []}, [("sources", "names no source")]),
    "no source at all": ({"workflow_id": "w"}, [("sources", "names no source")]),
    "unknown data_source_type": (
        {"workflow_id": "w", "sources": [SOURCE | {"data_source_type": "azure_blobb"}]},
        [("sources[0].data_source_type", "unknown data_source_type `azure_blobb`")],
    ),
    "unknown job_type": (
        {"workflow_id": "w", "job_type": "metadata_extractoin", "sources": [SOURCE]},
        [("job_type", "unknown job_type `metadata_extractoin`")],
    ),
    "every problem at once": (
        {"job_type": "x", "sources": [{}, SOURCE, SOURCE | {"data_source_type": "s3"}], "options": {"retries": -1}},
        [
            ("job_type", "unknown job_type"),
            ("workflow_id", "workflow_id is required"),
            ("options.retries", "must be a whole number from 0 to 100, not -1"),
            ("sources[0].source_id", "Missing required field: source_id"),
            ("sources[2].data_source_type", "unknown data_source_type"),
            ("sources[2].source_id", "duplicate source_id"),
        ],
    ),
}


def as_text(payload: Any) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUVYN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NUVYN_JOB_PAYLOAD", raising=False)
    return tmp_path / "home"


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("way", ["file", "environment", "executor", "validate"])
def test_a_refused_payload_names_every_problem_and_runs_nothing(
    case: str,
    way: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    payload, expected = REFUSED[case]
    file = tmp_path / "payload.json"
    file.write_text(as_text(payload))
    if way in ("environment", "executor"):
        monkeypatch.setenv("NUVYN_JOB_PAYLOAD", as_text(payload))
    arguments = {
        "file": ["run", str(file), "--json"],
        "environment": ["run", "--json"],
        "executor": ["metadata_extraction", "", "auto", "default"],
        "validate": ["validate", str(file), "--json"],
    }[way]
    assert run(arguments) == 2
    out, err = capfd.readouterr()
    errors = json.loads(out)["errors"]
    for path, text in expected:
        assert any(e["path"] == path and text in e["message"] for e in errors), (path, text, errors)
        assert way == "validate" or text in err
    assert len(errors) == len(expected)
    assert all(e["hint"] for e in errors)
    assert not (home / "jobs.sqlite").exists()


def test_the_nearest_known_name_is_offered(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(
        json.dumps(
            {
                "workflow_id": "w",
                "job_type": "metadata_extractoin",
                "sources": [{"source_id": "one", "data_sorce_path": "/x", "data_source_type": "azure_blobb"}],
                "options": {"max_concurency": 3},
            }
        )
    )
    assert run(["validate", str(file)]) == 2
    _, err = capfd.readouterr()
    for near in ("metadata_extraction", "data_source_path", "azure_blob", "max_concurrency"):
        assert f"did you mean `{near}`" in err


def test_a_source_without_a_path_is_skipped_and_the_others_run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake/a.csv").write_text("x\n1\n")
    file = tmp_path / "p.json"
    sources = [{"source_id": "none"}, {"source_id": "one", "data_source_path": str(tmp_path / "lake")}]
    file.write_text(json.dumps({"workflow_id": "w", "sources": sources}))
    assert run(["run", str(file), "--json"]) == 0
    out, err = capfd.readouterr()
    answer = json.loads(out.strip().splitlines()[-1])
    data = answer["result_data"]
    assert [s["status"] for s in data["sources"]] == ["skipped", "success"]
    assert (data["sources_skipped"], answer["status"]) == (1, "completed")
    assert "has no data_source_path and will be skipped" in err


def test_unknown_fields_are_kept_and_warned_about(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"workflow_id": "w", "colour": "red", "sources": [SOURCE | {"wheels": 4}]}))
    assert run(["validate", str(file), "--json"]) == 0
    out, _ = capfd.readouterr()
    assert [w["path"] for w in json.loads(out)["warnings"]] == ["colour", "sources[0].wheels"]


def test_no_payload_at_all_is_bad_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["run"]) == 2
    assert "NUVYN_JOB_PAYLOAD" in capfd.readouterr().err
    assert run(["run", "/nowhere/payload.json"]) == 2
    assert "cannot be read" in capfd.readouterr().err
    assert run(["rnu"]) == 2
    assert "Did you mean 'run'" in capfd.readouterr().err
