"""Payloads that are right: what the job is that they describe."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.payload.load import check, parse
from core.payload.models import Job, Options, TableRule
from core.sources.locations import locate

SAMPLES = sorted((Path(__file__).parents[2] / "sample_payloads").glob("*.json"))
SOURCE = {"source_id": "a", "data_source_path": "/lake"}


def job(**fields: Any) -> Job:
    return check({"workflow_id": "w", "sources": [SOURCE]} | fields).accepted()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_payload_is_valid_without_a_warning(path: Path) -> None:
    checked = parse(path.read_text())
    assert checked.problems == ()
    for source in checked.accepted().sources:
        assert source.path is not None
        locate(source.path, source.type, environ={"SHOP_PASSWORD": "not-a-password"})


def test_there_is_a_sample_for_every_kind_of_source() -> None:
    names = {path.stem for path in SAMPLES}
    assert names >= {"azure_blob", "aws_s3", "local_filesystem", "database", "mixed", "single_source"}


def test_defaults() -> None:
    found = job()
    assert (found.job_type, found.tenant_id, found.write_to_db, found.single) == (
        "metadata_extraction",
        "default",
        False,
        False,
    )
    assert found.options == found.sources[0].options == Options()
    assert found.sources[0].type == "auto"


def test_null_and_blank_mean_absent() -> None:
    found = job(job_type=None, tenant_id="", data_source_type=None, options=None, job_metadata=None)
    assert found.tenant_id == "default"
    assert check(found.raw).problems == ()


def test_the_single_source_shape_is_a_payload_with_one_source() -> None:
    found = check({"workflow_id": "w", "data_source_path": "s3://b", "data_source_type": "aws_s3"}).accepted()
    assert found.single
    assert [(s.source_id, s.path, s.type) for s in found.sources] == [("source_1", "s3://b", "aws_s3")]


def test_the_single_source_shape_may_come_with_an_empty_list() -> None:
    found = check({"workflow_id": "w", "source_id": "x", "data_source_path": "/d", "sources": []}).accepted()
    assert [(s.source_id, s.path) for s in found.sources] == [("x", "/d")]


def test_sources_win_over_a_path_with_a_warning() -> None:
    checked = check({"workflow_id": "w", "sources": [SOURCE], "data_source_path": "/other"})
    assert [p.path for p in checked.warnings] == ["data_source_path"]
    assert [s.path for s in checked.accepted().sources] == ["/lake"]


def test_sources_and_workflow_id_may_be_in_job_metadata() -> None:
    checked = check({"job_metadata": {"workflow_id": "w", "sources": [SOURCE]}})
    assert checked.problems == ()
    assert checked.accepted().workflow_id == "w"


def test_a_problem_in_job_metadata_has_its_place_there() -> None:
    checked = check({"job_metadata": {"workflow_id": "w", "sources": [{}]}})
    assert checked.errors[0].path == "job_metadata.sources[0].source_id"


def test_the_inner_workflow_id_wins_with_a_warning_when_they_differ() -> None:
    checked = check({"workflow_id": "outer", "job_metadata": {"workflow_id": "inner"}, "sources": [SOURCE]})
    assert [p.path for p in checked.warnings] == ["workflow_id"]
    assert checked.accepted().workflow_id == "inner"
    same = check({"workflow_id": "w", "job_metadata": {"workflow_id": "w"}, "sources": [SOURCE]})
    assert same.problems == ()


def test_the_jobs_type_is_every_sources_default() -> None:
    sources = [SOURCE, {"source_id": "b", "data_source_path": "/b", "data_source_type": "csv"}]
    assert [s.type for s in job(data_source_type="parquet", sources=sources).sources] == ["parquet", "csv"]


def test_a_sources_options_override_the_jobs_one_by_one() -> None:
    own = {"retries": 1, "timeout_s": None, "tables": [{"name": "t", "path": "x/**"}]}
    found = job(options={"retries": 9, "timeout_s": 5, "include": ["*.csv"]}, sources=[SOURCE | {"options": own}])
    assert (found.options.retries, found.options.timeout_s) == (9, 5)
    options = found.sources[0].options
    assert (options.retries, options.timeout_s, options.include) == (1, None, ("*.csv",))
    assert options.tables == (TableRule("t", "x/**"),)


def test_settings_give_the_defaults_of_options() -> None:
    found = check(
        {"workflow_id": "w", "sources": [SOURCE], "options": {"retries": 1}}, defaults=Options(max_concurrency=8)
    )
    options = found.accepted().sources[0].options
    assert (options.max_concurrency, options.retries) == (8, 1)


def test_options_of_the_whole_job_in_a_source_are_told() -> None:
    checked = check({"workflow_id": "w", "sources": [SOURCE | {"options": {"atomic": True}}]})
    assert [p.path for p in checked.warnings] == ["sources[0].options.atomic"]


def test_write_to_db_may_be_in_job_metadata() -> None:
    assert job(job_metadata={"write_to_db": True}).write_to_db
    assert not job(job_metadata={"write_to_db": False}).write_to_db


def test_what_is_stored_holds_no_secret_and_keeps_everything_else() -> None:
    raw = {
        "workflow_id": "w",
        "extra": {"password": "hunter2-hunter2"},
        "job_metadata": {
            "team": "x",
            "note": "use hunter2-hunter2",
            "databricks_credentials": {"access_token": "dapi0123456789abcdef"},
            "sources": [
                {"source_id": "a", "data_source_path": "https://x.blob.core.windows.net/c?sv=1&sig=Zm9v%2Bbar%3D"},
                {
                    "source_id": "token=b",
                    "data_source_path": "s3://lake/token=b/x",
                    "options": {"include": ["token=b/*"]},
                },
                {"source_id": "c", "data_source_path": "mysql://u:${PW}@h/d"},
            ],
        },
    }
    found = check(raw).accepted()
    stored = found.masked()
    text = json.dumps(stored)
    for secret in ("hunter2", "Zm9v", "dapi"):
        assert secret not in text
    metadata = stored["job_metadata"]
    assert metadata["team"] == "x"
    # That it had its own is kept, so that a retry does not write elsewhere.
    assert metadata["databricks_credentials"] == {"access_token": "***"}
    assert metadata["sources"][0]["data_source_path"] == "https://x.blob.core.windows.net/c?sv=1&sig=***"
    assert metadata["sources"][1:] == raw["job_metadata"]["sources"][1:]
    assert check(stored).accepted().sources[1] == found.sources[1]
    assert found.databricks_credentials == {"access_token": "dapi0123456789abcdef"}
    assert "dapi" not in repr(found)
