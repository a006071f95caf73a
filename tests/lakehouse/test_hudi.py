"""Hudi tables: columns as far as properties and newest commit tell them; rows are not made up."""

from __future__ import annotations

import json

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
