"""Wrong payloads: each is answered with its place and with what to do, all of it at once."""

import json
from typing import Any

import pytest

from core.payload.load import check, parse
from core.payload.problems import PayloadRefused, Problem

SOURCE = {"source_id": "a", "data_source_path": "/lake"}


def payload(**fields: Any) -> dict[str, Any]:
    return {"workflow_id": "w", "sources": [SOURCE]} | fields


def errors(value: Any) -> dict[str, Problem]:
    checked = parse(value) if isinstance(value, str) else check(value)
    assert (checked.job is None) == bool(checked.errors)
    return {problem.path: problem for problem in checked.errors}


def warnings(value: Any) -> dict[str, Problem]:
    checked = check(value)
    assert checked.job is not None, checked.problems
    return {problem.path: problem for problem in checked.warnings}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('{\n  "workflow_id": "w",\n  x}', "line 3, column 3"),
        ('{"a": 1} x', "line 1, column 10"),
        ("[1]", "line 1, column 1"),
        ('"text"', "line 1, column 1"),
        ('{"NaN": "NaN",\n "a": NaN}', "line 2, column 7"),
        ('{"a": -Infinity}', "line 1, column 7"),
        ('{"a": 1e999}', "line 1, column 7"),
        ('{"a": ' + "9" * 5000 + "}", "line 1, column 7"),
        ("[" * 100_000, "line 1, column 65"),
        ('{"a":' * 100_000, "line 1, column 321"),
    ],
)
def test_what_is_not_a_json_object_is_refused_with_line_and_column(text: str, place: str) -> None:
    assert place in errors(text)[""].message


def test_a_byte_order_mark_is_no_problem() -> None:
    assert parse("\ufeff" + json.dumps(payload())).problems == ()


@pytest.mark.parametrize("workflow_id", [None, "", "  \t"])
def test_no_workflow_id_is_refused(workflow_id: str | None) -> None:
    assert errors(payload(workflow_id=workflow_id))["workflow_id"].message == "workflow_id is required"


@pytest.mark.parametrize("source_id", [None, "", " "])
def test_a_source_without_id_is_refused_and_named(source_id: str | None) -> None:
    found = errors(payload(sources=[SOURCE, SOURCE | {"source_id": source_id}]))
    assert found["sources[1].source_id"].message == "Missing required field: source_id (sources[1])"


def test_a_source_id_that_stands_twice_is_refused_with_both_places() -> None:
    message = errors(payload(sources=[SOURCE, SOURCE | {"source_id": "b"}, SOURCE]))["sources[2].source_id"].message
    assert "`a`" in message
    assert "sources[0]" in message
    assert "sources[2]" in message


def test_a_source_without_path_is_accepted_with_a_warning() -> None:
    value = payload(sources=[SOURCE, {"source_id": "b"}, {"source_id": "c", "data_source_path": " "}])
    assert set(warnings(value)) == {"sources[1].data_source_path", "sources[2].data_source_path"}
    job = check(value).accepted()
    assert [source.path for source in job.sources] == ["/lake", None, None]


@pytest.mark.parametrize(
    "value",
    [
        {"workflow_id": "w"},
        {"workflow_id": "w", "sources": []},
        {"workflow_id": "w", "data_source_path": ""},
        {"workflow_id": "w", "job_metadata": {"sources": []}},
    ],
)
def test_no_source_at_all_is_refused(value: dict[str, Any]) -> None:
    assert "no source" in errors(value)["sources"].message


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("azure_blobs", "azure_blob"),
        ("S3", "aws_s3"),
        ("parqet", "parquet"),
        ("postgres", "postgresql"),
        ("Xlsx", "excel"),
    ],
)
def test_an_unknown_type_is_refused_and_the_nearest_offered(wrong: str, near: str) -> None:
    found = errors(payload(sources=[SOURCE | {"data_source_type": wrong}]))["sources[0].data_source_type"]
    assert wrong in found.message
    assert f"did you mean `{near}`?" in found.hint


def test_an_unknown_default_type_and_job_type_are_refused_with_the_known_ones() -> None:
    found = errors(payload(data_source_type="floppy", job_type="extract"))
    assert "azure_blob, aws_s3" in found["data_source_type"].hint
    assert "metadata_extraction" in found["job_type"].hint


def test_all_problems_are_told_at_once() -> None:
    found = errors(
        {
            "job_type": "x",
            "sources": [{"data_source_type": "y"}, 5, SOURCE, SOURCE | {"options": {"retries": -1, "atomic": "no"}}],
            "options": [],
        }
    )
    assert set(found) == {
        "job_type",
        "workflow_id",
        "options",
        "sources[0].source_id",
        "sources[0].data_source_type",
        "sources[1]",
        "sources[3].options.retries",
        "sources[3].options.atomic",
        "sources[3].source_id",
    }


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({"workflow_id": 7}, "workflow_id", "a string, not a number"),
        ({"workflow_id": True}, "workflow_id", "a string, not a boolean"),
        ({"sources": SOURCE}, "sources", "a list, not an object"),
        ({"sources": "a"}, "sources", "a list, not a string"),
        ({"sources": [["a"]]}, "sources[0]", "an object, not a list"),
        ({"sources": [SOURCE | {"source_id": 1}]}, "sources[0].source_id", "a string, not a number"),
        ({"sources": [SOURCE | {"data_source_path": {}}]}, "sources[0].data_source_path", "a string, not an object"),
        ({"sources": [SOURCE | {"connection": []}]}, "sources[0].connection", "a string, not a list"),
        ({"options": []}, "options", "an object, not a list"),
        ({"job_metadata": "x"}, "job_metadata", "an object, not a string"),
        ({"job_metadata": {"write_to_db": "yes"}}, "job_metadata.write_to_db", "true or false, not a string"),
        ({"job_metadata": {"databricks_credentials": "x"}}, "job_metadata.databricks_credentials", "an object"),
        ({"job_metadata": {"sources": {}}, "sources": None}, "job_metadata.sources", "a list, not an object"),
        ({"tenant_id": 3}, "tenant_id", "a string, not a number"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_what_is_expected(
    fields: dict[str, Any], path: str, expected: str
) -> None:
    assert expected in errors(payload(**fields))[path].message


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("parallel_sources", "4", ""),
        ("parallel_sources", -1, ""),
        ("parallel_sources", 0, ""),
        ("parallel_sources", True, ""),
        ("parallel_sources", 1.5, ""),
        ("max_concurrency", 100_000, ""),
        ("retries", -1, ""),
        ("timeout_s", 0, ""),
        ("timeout_s", "10", ""),
        ("timeout_s", True, ""),
        ("atomic", 1, ""),
        ("incremental", "false", ""),
        ("include", "*.csv", ""),
        ("exclude", ["a", 1], "[1]"),
        ("include", [" "], "[0]"),
        ("max_files", 0, ""),
        ("row_counts", "all", ""),
        ("sample_values", -1, ""),
        ("sample_bytes", 1, ""),
        ("tables", {"orders": "x"}, ""),
        ("tables", ["orders"], "[0]"),
        ("tables", [{"name": "orders"}], "[0].path"),
        ("tables", [{"name": "", "path": "x"}], "[0].name"),
        ("csv", "|", ""),
        ("csv", {"delimiter": "||"}, ".delimiter"),
        ("csv", {"delimiter": ""}, ".delimiter"),
        ("csv", {"encoding": "klingon"}, ".encoding"),
        ("csv", {"encoding": "rot13"}, ".encoding"),
        ("csv", {"header": "yes"}, ".header"),
        ("csv", {"skip": -1}, ".skip"),
        ("csv", {"decimal": ";"}, ".decimal"),
    ],
)
def test_an_option_out_of_range_is_refused(name: str, value: Any, place: str) -> None:
    found = errors(payload(options={name: value}))
    assert list(found) == [f"options.{name}{place}"]
    assert next(iter(found.values())).hint.startswith("expected: ")


def test_unknown_fields_are_kept_with_a_warning_that_names_the_nearest() -> None:
    value = payload(
        wrkflow_id="x",
        sources=[SOURCE | {"data_sorce_path": "y"}],
        options={"retry": 2, "zzz": 1, "csv": {"delimeter": "|"}},
    )
    found = warnings(value)
    assert found["sources[0].data_sorce_path"].message == "`data_sorce_path`: did you mean `data_source_path`?"
    assert "workflow_id" in found["wrkflow_id"].message
    assert "retries" in found["options.retry"].message
    assert "options.zzz" in found
    assert "`delimiter`" in found["options.csv.delimeter"].message
    assert check(value).accepted().masked() == value


def test_a_name_that_stands_twice_is_a_warning_with_its_place() -> None:
    text = '{"workflow_id": "w", "sources": [{"source_id": "a", "source_id": "b", "data_source_path": "/x"}]}'
    checked = parse(text)
    assert [problem.path for problem in checked.warnings] == ["sources[0].source_id"]
    assert checked.accepted().sources[0].source_id == "b"


def test_half_a_character_is_refused_wherever_it_is() -> None:
    assert "job_metadata.note[0]" in errors(r'{"workflow_id": "w", "job_metadata": {"note": ["\ud800"]}}')


def test_a_nul_character_in_a_name_is_refused() -> None:
    assert "sources[0].source_id" in errors(payload(sources=[SOURCE | {"source_id": "a\0"}]))


def test_problems_repeat_no_secret() -> None:
    secret = "Zm9vYmFyYmF6cXV4"
    checked = check(payload(data_source_type=f"https://x.blob.core.windows.net/c?sv=1&sig={secret}"))
    assert checked.job is None
    assert secret not in repr(checked)


def test_a_refused_payload_raises_with_its_problems() -> None:
    with pytest.raises(PayloadRefused, match="workflow_id is required") as caught:
        check({"sources": [SOURCE]}).accepted()
    assert [problem.path for problem in caught.value.problems] == ["workflow_id"]
