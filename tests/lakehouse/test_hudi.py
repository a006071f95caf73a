"""Hudi tables: columns as far as properties and newest commit tell them; rows are not made up."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest

from tests.pipeline import run

SCHEMA = {
    "type": "record",
    "name": "r",
    "fields": [{"name": "id", "type": "long"}, {"name": "day", "type": ["null", "string"]}],
}
ABOUT = b"#made by hand\nhoodie.table.name=orders\nhoodie.table.type=COPY_ON_WRITE\nhoodie.table.partition.fields=day\n"


def test_the_newest_commit_tells_the_columns() -> None:
    old = SCHEMA | {"fields": SCHEMA["fields"][:1]}
    objects = {
        "t/.hoodie/hoodie.properties": ABOUT,
        "t/.hoodie/20240101000000000.commit": json.dumps({"extraMetadata": {"schema": json.dumps(old)}}).encode(),
        "t/.hoodie/20240102000000000.commit": json.dumps({"extraMetadata": {"schema": json.dumps(SCHEMA)}}).encode(),
        "t/.hoodie/20240103000000000.commit.requested": b"",
        "t/day=1/a.parquet": b"data",
    }
    ran = run(objects)
    [found] = ran.rows["tables"]
    assert (found["file_type"], found["row_count"], found["partition_columns"]) == ("hudi", None, ["day"])
    assert ran.types("t") == {"id": "bigint", "day": "string"}
    assert "not worked out" in found["warnings"][0]
    assert json.loads(found["properties"])["hudi.type"] == "COPY_ON_WRITE"
    assert ran.files["t/day=1/a.parquet"]["status"] == "unknown"


def test_without_a_commit_the_schema_of_its_creation() -> None:
    escaped = json.dumps(SCHEMA).replace(":", "\\:").encode()
    ran = run({"t/.hoodie/hoodie.properties": ABOUT + b"hoodie.table.create.schema=" + escaped})
    assert ran.types("t") == {"id": "bigint", "day": "string"}


def test_without_any_schema_it_fails() -> None:
    ran = run({"t/.hoodie/hoodie.properties": ABOUT, "t/a.parquet": b"data"})
    assert ran.tables == {}
    assert ran.files["t/.hoodie/hoodie.properties"]["status"] == "failed"


def committed(*fields: dict[str, str]) -> bytes:
    schema = {"type": "record", "name": "r", "fields": list(fields)}
    return json.dumps({"extraMetadata": {"schema": json.dumps(schema)} if fields else {}}).encode()


def test_the_table_that_hudi_keeps_of_its_files_is_not_the_table() -> None:
    mine, theirs = {"name": "mine", "type": "int"}, {"name": "theirs", "type": "int"}
    ran = run(
        {
            "t/.hoodie/metadata/.hoodie/20250102000000000.deltacommit": committed(theirs),
            "t/.hoodie/metadata/.hoodie/timeline/20250102000000000_20250102000000001.deltacommit": committed(theirs),
            "t/.hoodie/20250101000000000.commit": committed(mine),
        }
    )
    assert ran.types("t") == {"mine": "int"}


def test_a_commit_without_a_schema_leaves_it_to_the_one_before() -> None:
    ran = run(
        {
            "t/.hoodie/hoodie.properties": b"hoodie.table.partition.fields=day:SIMPLE,x:TIMESTAMP\n"
            b"hoodie.table.name=caf\\u00e9",
            "t/.hoodie/20250101000000000.commit": committed({"name": "day", "type": "int"}),
            "t/.hoodie/20250102000000000.replacecommit": committed(),
            "t/.hoodie/20250103000000000.commit": b"{",
        }
    )
    assert ran.types("t") == {"day": "int"}
    assert ran.tables["t"]["partition_columns"] == ["day"]
    assert json.loads(ran.tables["t"]["properties"])["hudi.name"] == "caf\u00e9"


def test_commits_of_version_1_are_avro() -> None:
    about: dict[str, Any] = {
        "type": "record",
        "name": "HoodieCommitMetadata",
        "fields": [{"name": "extraMetadata", "type": ["null", {"type": "map", "values": "string"}]}],
    }
    out = io.BytesIO()
    fastavro.writer(out, about, [{"extraMetadata": {"schema": json.dumps(SCHEMA)}}])
    name = "t/.hoodie/timeline/20250101000000000_20250101000000009.commit"
    assert run({name: out.getvalue()}).types("t") == {"id": "bigint", "day": "string"}
    cut = run({name: out.getvalue()[:-20]})
    assert cut.tables == {} and "tell a schema" in cut.files[name]["error"]


@pytest.mark.parametrize("schema", ["5", '{"type": "record"}', '{"type": "record", "name": "r", "fields": [5]}', "["])
def test_a_schema_that_is_none_fails_the_commit(schema: str) -> None:
    name = "t/.hoodie/20250101000000000.commit"
    ran = run({name: json.dumps({"extraMetadata": {"schema": schema}}).encode()})
    assert "its schema cannot be read" in ran.files[name]["error"]
