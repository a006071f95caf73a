"""A payload while it is written: both shapes, undo, secrets, JSON both ways."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import UsageError
from core.payload.decode import NotJson
from core.payload.draft import Draft
from core.payload.forms import fields_for, taken
from core.payload.text_places import place_in_text

SAS = "https://acc.blob.core.windows.net/c?sv=2024&sig=canary7f3a9b1c"


def draft_of(*paths: str) -> Draft:
    return Draft(
        {"workflow_id": "w", "sources": [{"source_id": f"s{n}", "data_source_path": p} for n, p in enumerate(paths)]}
    )


def ids(draft: Draft) -> list[str]:
    return [source["source_id"] for source in draft.sources]


def test_sources_are_added_copied_moved_and_removed_and_each_step_is_taken_back() -> None:
    draft = draft_of("/a", "/b")
    assert draft.add() == 2
    assert draft.duplicate(0) == 1
    assert ids(draft) == ["s0", "s_1", "s1", "source_1"]
    assert draft.move(0, 1) == 1 and draft.move(0, -1) == 0
    draft.remove(3)
    assert ids(draft) == ["s_1", "s0", "s1"]
    for _ in range(4):
        assert draft.undo()
    assert ids(draft) == ["s0", "s1"] and not draft.undo()
    assert draft.redo() and ids(draft) == ["s0", "s1", "source_1"]


def test_the_single_source_shape_stays_until_a_second_source_needs_the_list() -> None:
    draft = Draft({"workflow_id": "w", "data_source_path": "/a", "tenant_id": "t", "extra": 1})
    draft.set_field(0, "retries", 5, option=True)
    assert draft.raw == {
        "workflow_id": "w",
        "data_source_path": "/a",
        "tenant_id": "t",
        "extra": 1,
        "options": {"retries": 5},
    }
    draft.add()
    assert draft.raw["tenant_id"] == "t" and draft.raw["extra"] == 1 and "data_source_path" not in draft.raw
    assert draft.sources[0] == {"source_id": "source_1", "data_source_path": "/a"}


def test_sources_in_the_metadata_stay_there() -> None:
    draft = Draft({"job_metadata": {"workflow_id": "w", "sources": [{"source_id": "a", "data_source_path": "/a"}]}})
    draft.set_workflow("other")
    draft.add()
    assert draft.raw["job_metadata"]["workflow_id"] == "other"
    assert len(draft.raw["job_metadata"]["sources"]) == 2 and "sources" not in draft.raw
    assert draft.place_of("job_metadata.sources[1].data_source_path") == (1, "data_source_path")


def test_a_problem_knows_its_source_and_field() -> None:
    draft = draft_of("/a", "/b")
    draft.set_field(1, "retries", "many", option=True)
    [problem] = draft.check().errors
    assert draft.place_of(problem.path) == (1, "retries")
    draft.set_workflow("")
    assert draft.place_of(draft.check().errors[0].path) == (None, "workflow_id")


def test_secrets_are_hidden_in_text_and_on_disk_and_survive_a_change_of_the_text(tmp_path: Path) -> None:
    draft = draft_of(SAS, "/b")
    assert "canary" not in draft.text()
    draft.save(tmp_path / "drafts" / "current.json")
    assert "canary" not in (tmp_path / "drafts" / "current.json").read_text()
    assert (tmp_path / "drafts" / "current.json").stat().st_mode & 0o777 == 0o600
    value = json.loads(draft.text())
    value["sources"].reverse()
    value["workflow_id"] = "renamed"
    draft.take_text(json.dumps(value))
    assert draft.workflow_id == "renamed" and ids(draft) == ["s1", "s0"]
    assert draft.sources[1]["data_source_path"] == SAS


def test_a_text_that_is_no_payload_changes_nothing() -> None:
    draft = draft_of("/a")
    before = draft.raw
    with pytest.raises(NotJson, match="line 1, column 2"):
        draft.take_text("{oops")
    with pytest.raises(ValueError, match="one JSON object"):
        draft.take_text("[1]")
    assert draft.raw == before and not draft.undo()


def test_a_form_asks_only_for_what_its_kind_needs() -> None:
    names = {kind: {field.name for field in fields_for(kind)} for kind in ("aws_s3", "local_filesystem", "postgresql")}
    assert "connection" in names["aws_s3"] and "connection" not in names["local_filesystem"]
    assert "max_files" not in names["postgresql"] and "include" in names["postgresql"]
    number = next(field for field in fields_for("aws_s3") if field.name == "max_files")
    assert [taken(number, text) for text in ("12", " ", "many")] == [12, None, "many"]
    globs = next(field for field in fields_for("aws_s3") if field.name == "include")
    assert taken(globs, "a/**, *.csv,") == ["a/**", "*.csv"]


def test_a_changed_path_keeps_its_secret_but_takes_it_to_no_other_host() -> None:
    draft = draft_of(SAS)
    draft.set_field(0, "data_source_path", "https://acc.blob.core.windows.net/c/part?sv=2024&sig=***")
    assert draft.sources[0]["data_source_path"] == SAS.replace("/c?", "/c/part?")
    draft.settle()
    draft.set_field(0, "data_source_path", "https://elsewhere.net/c/part?sv=2024&sig=***")
    assert draft.sources[0]["data_source_path"] == "https://elsewhere.net/c/part?sv=2024&sig=***"
    value = json.loads(draft_of(SAS).text())
    value["sources"][0]["data_source_path"] = "https://elsewhere.net/?sig=***"
    other = draft_of(SAS)
    other.take_text(json.dumps(value))
    assert "canary" not in other.sources[0]["data_source_path"]


def test_a_secret_comes_back_while_its_text_is_still_being_written() -> None:
    draft = draft_of(SAS)
    whole = draft.text()
    draft.take_text(whole.replace("***", "**"))
    draft.take_text(whole)
    assert draft.sources[0]["data_source_path"] == SAS


def test_a_secret_in_a_path_and_a_lost_one_are_told() -> None:
    draft = draft_of(SAS, "https://acc.blob.core.windows.net/c?sv=2024&sig=***", "/a")
    told = {problem.path: problem.message for problem in draft.check().warnings}
    assert "carries a secret" in told["sources[0].data_source_path"]
    assert "not kept" in told["sources[1].data_source_path"] and len(told) == 2
    assert "canary" not in str(told)
    [single] = Draft({"workflow_id": "w", "data_source_path": SAS}).check().warnings
    assert single.path == "data_source_path"


def test_typing_is_one_step_and_so_is_another_payload() -> None:
    draft = draft_of("/a")
    for text in ("/b", "/bc", "/bcd"):
        draft.set_field(0, "data_source_path", text)
    draft.settle()
    draft.set_field(0, "data_source_path", "/bcde")
    draft.replace({"workflow_id": "other"})
    assert draft.undo() and draft.workflow_id == "w"
    assert draft.undo() and draft.sources[0]["data_source_path"] == "/bcd"
    assert draft.undo() and draft.sources[0]["data_source_path"] == "/a"
    assert not draft.undo()


def test_the_only_source_stays_while_its_path_is_empty() -> None:
    draft = Draft({"workflow_id": "w", "data_source_path": "/a"})
    draft.set_field(0, "data_source_path", None)
    assert len(draft.sources) == 1
    assert draft.place_of(draft.check().errors[0].path) == (0, "data_source_path")


def test_what_is_no_object_keeps_its_place() -> None:
    draft = Draft({"workflow_id": "w", "sources": ["x", {"source_id": "a", "data_source_path": "/a", "options": {}}]})
    assert draft.sources[0] == {} and draft.place_of(draft.check().errors[0].path) == (0, "")
    draft.duplicate(1)
    draft.set_field(2, "retries", 1, option=True)
    assert draft.raw["sources"][:2] == ["x", {"source_id": "a", "data_source_path": "/a", "options": {}}]
    draft.set_field(0, "source_id", "mended")
    assert draft.raw["sources"][0] == {"source_id": "mended"}


def test_a_draft_that_cannot_be_written_is_a_designed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        draft_of("/a").save(tmp_path / "file" / "below.json")


def test_a_number_that_json_has_not_stays_text() -> None:
    number = next(field for field in fields_for("aws_s3") if field.name == "max_files")
    assert [taken(number, text) for text in ("nan", "inf", "1_000", "2.5")] == ["nan", "inf", "1_000", 2.5]


def test_a_place_in_the_text() -> None:
    text = '{\n  "a, {b": [1, "}"],\n  "sources": [\n    {"x": 1},\n    {"y": {"retries": 3}}\n  ]\n}'
    assert place_in_text(text, "sources[1].y.retries") == (4, 11)
    assert place_in_text(text, "sources[0].source_id") == (3, 4)
    assert place_in_text(text, "gone") == (0, 0) and place_in_text("", "x") == (0, 0)


def test_a_payload_that_is_begun_with_a_source_has_a_name() -> None:
    draft = Draft()
    draft.add()
    assert draft.workflow_id == "workflow_1"
    named = Draft()
    named.replace({"workflow_id": "mine"})
    named.add()
    assert named.workflow_id == "mine"
