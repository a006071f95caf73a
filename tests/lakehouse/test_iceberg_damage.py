"""Iceberg tables that are damaged or odd: what is certain stays, what is wrong is said, no other is spoiled."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pyarrow as pa
import pytest

from tests.lakehouse.delta_log import parquet, table_bytes
from tests.lakehouse.iceberg_files import EQUALITY, FIELDS, LOCATION, POSITIONS, entry, metadata, table
from tests.pipeline import DictStore, run

NAME = "t/metadata/v1.metadata.json"
OTHER = {"other.csv": b"x,y\n1,2\n"}


def one(objects: dict[str, bytes]) -> dict[str, Any]:
    return run(objects).tables["t"]


def warned(objects: dict[str, bytes]) -> list[str]:
    return [text for text in one(objects)["warnings"] if "live files are not stored here" not in text]


def cut(data: bytes, blocks: int) -> bytes:
    """An Avro file without its last blocks, which looks whole."""
    found = list(fastavro.block_reader(io.BytesIO(data)))
    assert len(found) > blocks
    return data[: found[blocks].offset]


@pytest.mark.parametrize(
    "content",
    [
        metadata(schemas=[{"schema-id": 0, "fields": [FIELDS[0] | {"name": 5}]}]),
        metadata(properties=["x"]),
        metadata(snapshot={"manifest-list": 5}),
        metadata(snapshot={"manifests": [5]}),
        metadata(snapshot={"summary": ["x"]}),
        metadata(**{"format-version": [2]}),
    ],
)
def test_metadata_that_is_not_as_it_should_be_fails_one_file_and_is_no_surprise(content: bytes) -> None:
    ran = run({NAME: content} | OTHER)
    assert list(ran.tables) == ["other"]
    assert "reader failed" not in ran.files[NAME]["error"]


def test_text_that_is_none_is_left_out() -> None:
    half = "a\ud83d"
    odd = [FIELDS[0] | {"name": half, "doc": 5}, FIELDS[1] | {"doc": half}]
    ran = run({NAME: metadata(schemas=[{"schema-id": 0, "fields": odd}], properties={"comment": {"a": 1}})} | OTHER)
    assert len(ran.tables) == 2 and ran.tables["t"]["comment"] is None
    assert [(row["column_name"], row["comment"]) for row in ran.columns("t")] == [("a?", None), ("name", "a?")]


def test_sums_of_a_snapshot_may_be_numbers_but_not_beyond_all_measure() -> None:
    for told, rows in ((5, 5), ("9" * 30, None), ("-1", None), ("²", None)):
        ran = run({NAME: metadata(snapshot={"manifest-list": "gone", "summary": {"total-records": told}})} | OTHER)
        assert ran.tables["t"]["row_count"] == rows
        assert ran.tables["other"]["row_count"] == 1


def test_a_manifest_that_ends_between_two_blocks_is_cut_short() -> None:
    objects = table((1, [entry(f"data/{at:04d}-{'x' * 60}", 1) for at in range(3000)]), codec="null")
    assert one(objects)["row_count"] == 3000
    short = objects | {"t/metadata/m0.avro": cut(objects["t/metadata/m0.avro"], 2)}
    assert one(short)["row_count"] is None
    [said] = warned(short)
    assert "of 3000 live entries: cut short" in said


def test_a_manifest_list_that_ends_between_two_blocks_differs_from_its_snapshot() -> None:
    many = [(1, [entry(f"data/{at}", 2)]) for at in range(400)]
    sums = {"summary": {"total-records": "800", "total-data-files": "400"}}
    objects = table(*many, codec="null", snapshot=sums)
    assert warned(objects) == []
    short = objects | {"t/metadata/snap-1.avro": cut(objects["t/metadata/snap-1.avro"], 1)}
    assert [text.partition(" = ")[0] for text in warned(short)] == [
        "its manifests give total-data-files",
        "its manifests give total-records",
    ]


def test_of_two_files_of_one_version_only_a_catalog_knows_the_current() -> None:
    objects = {f"t/metadata/00002-{name}.metadata.json": metadata() for name in "ab"}
    [said] = warned(objects | {"t/metadata/00001-a.metadata.json": metadata()})
    assert said.startswith("t/metadata/00002-a.metadata.json is of the same version")
    older = {f"t/metadata/00001-{name}.metadata.json": metadata() for name in "ab"}
    assert warned(older | {"t/metadata/00002-a.metadata.json": metadata()}) == []


def test_rows_that_a_migration_did_not_count_come_from_the_files() -> None:
    objects = table((1, [entry("data/a.parquet", -1), entry("data/b.parquet", 5)]))
    found = one(objects | {"t/data/a.parquet": parquet(7), "t/data/b.parquet": b"not asked for"})
    assert (found["row_count"], found["row_count_source"]) == (12, "footer")
    assert one(objects)["row_count"] is None


def test_numbers_that_nothing_can_have() -> None:
    ran = run(table((1, [entry(name, 2**62) for name in "abc"])) | OTHER)
    assert (ran.tables["t"]["row_count"], ran.tables["other"]["row_count"]) == (None, 1)
    assert "so many rows" in ran.tables["t"]["warnings"][0]


@pytest.mark.parametrize(
    ("deletes", "rows"),
    [
        (entry("d", 1, content=EQUALITY, sequence=2), None),
        (entry("d", 0, content=EQUALITY, sequence=2), 10),
        (entry("d", 1, content=POSITIONS, refers_to="gone"), 10),
        (entry("d", 1, content=POSITIONS, refers_to="a"), None),
        (entry("d", 1, content=POSITIONS, sequence=0), 10),
        (entry("d", 1, content=POSITIONS, refers_to="a", sequence=0), 10),
        (entry("d", 4, content=POSITIONS, format="PUFFIN", refers_to="a"), 6),
        (entry("d", 4, content=POSITIONS, format="PUFFIN", refers_to="a", sequence=0), 10),
        (entry("d", 4, content=POSITIONS, format="PUFFIN"), None),
        (entry("d", 4, content=POSITIONS, format="AVRO"), None),
        (entry("d", 1, content=7), None),
    ],
)
def test_only_deletes_that_apply_are_needed(deletes: dict[str, Any], rows: int | None) -> None:
    objects = table((1, [entry("a", 10, sequence=1)]), (2, [deletes]))
    assert one(objects)["row_count"] == rows
    assert any("rows are not known" in text for text in warned(objects)) == (rows is None)
    gone = table((1, [entry("a", 10, sequence=1, status=2)]), (2, [deletes]))
    assert (one(gone)["row_count"], warned(gone)) == (0, []), "nothing is left that they could delete from"


def test_position_deletes_in_odd_files() -> None:
    objects = table((1, [entry("a", 10)]), (2, [entry("d", 3, content=POSITIONS), entry("e", 2, content=POSITIONS)]))
    path = f"{LOCATION}/a"
    pos = pa.array([1, 2, 2], pa.int64())
    for paths in (pa.array([path] * 3, pa.large_string()), pa.array([path] * 3).dictionary_encode()):
        odd = {
            "t/d": table_bytes(pa.table({"pos": pos, "file_path": paths, "row": pos})),
            "t/e": table_bytes(pa.table({"file_path": pa.array([], pa.string()), "pos": pa.array([], pa.int64())})),
        }
        assert one(objects | odd)["row_count"] == 8
    lacking = {"t/d": table_bytes(pa.table({"pos": pos})), "t/e": table_bytes(pa.table({"pos": pos}))}
    assert one(objects | lacking)["row_count"] is None


def test_a_file_that_was_added_twice_is_read_twice() -> None:
    ran = run(table((1, [entry("a", 3)]), (2, [entry("a", 3)])) | {"t/a": b"data"})
    assert (ran.tables["t"]["row_count"], ran.files["t/a"]["row_count"]) == (6, 3)


def test_the_current_schema_is_the_tables_not_the_snapshots() -> None:
    schemas = [{"schema-id": at, "fields": [FIELDS[0] | {"name": f"c{at}"}]} for at in range(3)]
    objects = table((1, [entry("a", 3)]), snapshot={"schema-id": 1}, schemas=schemas, **{"current-schema-id": 2})
    assert run(objects).types("t") == {"c2": "bigint"}


def test_manifests_of_the_first_version_count_under_other_names() -> None:
    objects = table((1, [entry(f"data/{at:04d}-{'x' * 60}", 1) for at in range(3000)]), codec="null")
    reader = fastavro.reader(io.BytesIO(objects["t/metadata/snap-1.avro"]))
    schema: Any = reader.writer_schema
    text = json.dumps(schema).replace("_files_count", "_data_files_count")
    out = io.BytesIO()
    records = [{k.replace("_files_count", "_data_files_count"): v for k, v in dict(r).items()} for r in reader]
    fastavro.writer(out, json.loads(text), records)
    objects["t/metadata/snap-1.avro"] = out.getvalue()
    assert one(objects)["row_count"] == 3000
    objects["t/metadata/m0.avro"] = cut(objects["t/metadata/m0.avro"], 2)
    assert "cut short" in warned(objects)[0]


def test_thousands_of_old_versions_cost_nothing() -> None:
    old = {f"t/metadata/{at:05d}-{at}.metadata.json": b"{}" for at in range(2000)}
    now = {"t/metadata/02000-x.metadata.json": metadata(), "t/metadata/old.stats": b"", "t/metadata/x.puffin": b"p"}
    store = DictStore(old | now)
    assert run(store).tables["t"]["row_count"] == 0
    assert [name for name, _ in store.ranges] == ["t/metadata/02000-x.metadata.json"]


def test_the_main_branch_must_be_the_current_snapshot() -> None:
    objects = table((1, [entry("a", 3)]), refs={"main": {"snapshot-id": 1, "type": "branch"}, "old": {}})
    assert one(objects)["row_count"] == 3
    changed = objects | {NAME: objects[NAME].replace(b"current-snapshot-id", b"current-snapshot-iD")}
    assert "its main branch is at snapshot 1" in run(changed).files[NAME]["error"]
    staged = metadata(snapshots=[{"snapshot-id": 5}], refs={"audit": {"snapshot-id": 5, "type": "branch"}})
    assert one({NAME: staged})["row_count"] == 0, "what was written but never published is not in the table"
