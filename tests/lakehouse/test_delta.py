"""Delta tables from their logs: what is live, how many rows, which columns, and what a broken log leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.datatypes.delta import WrongSchema, fields
from tests.lakehouse.delta_log import (
    add,
    checkpoint,
    commit,
    field,
    key,
    meta,
    parquet,
    protocol,
    remove,
    vector,
)
from tests.pipeline import DictStore, Ran, run

UUID = "3a0d65cd-4056-49b8-937b-95f9e3ee90e5"


def table(objects: dict[str, bytes]) -> dict[str, Any]:
    [found] = run(objects).rows["tables"]
    assert found["table_name"] == "t"
    return found


def count(objects: dict[str, bytes]) -> tuple[Any, Any, Any, Any]:
    found = table(objects)
    return found["row_count"], found["row_count_source"], found["file_count"], found["size_bytes"]


def statuses(ran: Ran) -> dict[str, tuple[str, str | None]]:
    return {key.removeprefix("t/"): (row["status"], row["error"]) for key, row in ran.files.items()}


def test_removed_files_do_not_count_and_every_object_is_accounted_for() -> None:
    objects = {
        key(0): commit(protocol(), meta(), add("a.parquet"), add("b.parquet", 5)),
        key(1): commit(remove("a.parquet"), add("k=1/c%20d.parquet", 7)),
        "t/a.parquet": b"old",
        "t/b.parquet": b"live",
        "t/k=1/c d.parquet": b"live too",
        "t/_change_data/cdc-0.parquet": b"change",
        "t/deletion_vector_1.bin": b"vector",
        "t/.part.crc": b"sum",
        f"t/_delta_log/{'0' * 20}.crc": b"{}",
    }
    ran = run(objects)
    [found] = ran.rows["tables"]
    assert (found["row_count"], found["row_count_source"], found["file_count"]) == (12, "log", 2)
    assert (found["file_type"], found["file_path"]) == ("delta", "t")
    assert statuses(ran) == {
        "b.parquet": ("read", None),
        "k=1/c d.parquet": ("read", None),
        "a.parquet": ("ignored", "not in the table's current version"),
        "_change_data/cdc-0.parquet": ("ignored", "table log"),
        "deletion_vector_1.bin": ("ignored", "deletion vector"),
        ".part.crc": ("ignored", "marker"),
        "_delta_log/00000000000000000000.json": ("ignored", "table log"),
        "_delta_log/00000000000000000001.json": ("ignored", "table log"),
        "_delta_log/00000000000000000000.crc": ("ignored", "table log"),
    }
    assert ran.files["t/k=1/c d.parquet"]["row_count"] == 7
    assert ran.files["t/b.parquet"]["file_type"] == "parquet"
    assert all((row["table_name"] == "t") == (row["status"] == "read") for row in ran.rows["files"])
    assert isinstance(ran.store, DictStore)
    assert sorted(ran.store.ranges) == [(key(0), (0, len(objects[key(0)]))), (key(1), (0, len(objects[key(1)])))]


def test_a_deletion_vector_takes_its_rows_away_whatever_the_order_of_lines() -> None:
    old, new = vector(2), vector(3, "another vector of it")
    first = commit(protocol(3, "deletionVectors"), meta(), add("a", 10, deletes=old), add("b", 5))
    for lines in (
        (remove("a", deletes=old), add("a", 10, deletes=new)),
        (add("a", 10, deletes=new), remove("a", deletes=old)),
    ):
        objects = {key(0): first, key(1): commit(*lines), "t/a": b"12", "t/b": b"3"}
        assert count(objects) == (12, "log", 2, 200)
        assert run(objects).files["t/a"]["row_count"] == 7


def test_checkpoints_in_every_form_say_the_same() -> None:
    facts = [protocol(), meta(), add("a", 4), add("b", None, stats=""), add("c", 6, deletes=vector(1))]
    facts[3]["add"]["stats_parsed"] = {"numRecords": 5}
    later = {key(3): commit(remove("a"), add("d", 1))}
    sidecars = {
        f"t/_delta_log/_sidecars/{name}.parquet": checkpoint(fact) for name, fact in zip("xyz", facts[2:], strict=True)
    }
    pointers = [{"sidecar": {"path": f"{name}.parquet", "sizeInBytes": 1, "modificationTime": 0}} for name in "xyz"]
    forms = {
        "single": {key(2, "checkpoint.parquet"): checkpoint(*facts)},
        "parts": {
            key(2, f"checkpoint.{at:010d}.0000000003.parquet"): checkpoint(*part)
            for at, part in enumerate((facts[:2], facts[2:4], facts[4:]), 1)
        },
        "version 2 in Parquet": sidecars | {key(2, f"checkpoint.{UUID}.parquet"): checkpoint(*facts[:2], *pointers)},
        "version 2 in JSON": sidecars | {key(2, f"checkpoint.{UUID}.json"): commit(*facts[:2], *pointers)},
        "version 2 under the old name": sidecars | {key(2, "checkpoint.parquet"): checkpoint(*facts[:2], *pointers)},
    }
    for form, objects in forms.items():
        assert count(objects | later) == (11, "log", 3, 300), form
        assert count({"t/_delta_log/_last_checkpoint": b'{"version": 99'} | objects | later)[0] == 11, form


def test_a_large_checkpoint_is_read_by_its_columns() -> None:
    many = [add(f"part-{at:06d}-{'x' * 40}", 3) for at in range(20_000)]
    for action in many:
        action["add"]["partitionValues"] = {"k": action["add"]["path"] * 4}
    objects = {
        key(9, "checkpoint.parquet"): checkpoint(protocol(), meta(), *many, compression="none", row_group_size=5000)
    }
    size = len(objects[key(9, "checkpoint.parquet")])
    ran = run(objects)
    assert ran.rows["tables"][0]["row_count"] == 60_000
    assert isinstance(ran.store, DictStore)
    read = sum(end - start for _, (start, end) in ran.store.ranges)
    assert read < size / 2, f"{read} of {size} bytes in {ran.store.ranges}"


@pytest.mark.parametrize("broken", [b"", b"PAR1", b"not Parquet at all", checkpoint(meta())[:-20]])
def test_a_broken_checkpoint_is_passed_over(broken: bytes) -> None:
    objects = {
        key(0): commit(protocol(), meta(), add("a", 1)),
        key(1): commit(add("b", 2)),
        key(1, "checkpoint.parquet"): broken,
        key(2): commit(add("c", 4)),
    }
    found = table(objects)
    assert found["row_count"] == 7
    assert any("checkpoint" in warning for warning in found["warnings"])
    whole = {name: data for name, data in objects.items() if name != key(1, "checkpoint.parquet")}
    assert [w for w in table(whole)["warnings"] if "checkpoint" in w] == []


def test_an_older_checkpoint_or_an_incomplete_one_leads_to_the_same() -> None:
    objects = {
        key(2, "checkpoint.parquet"): checkpoint(protocol(), meta(), add("a", 1)),
        key(3): commit(add("b", 2)),
        key(4, "checkpoint.0000000001.0000000002.parquet"): checkpoint(protocol(), meta()),
        key(4): commit(add("c", 4)),
    }
    assert count(objects)[0] == 7


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ({key(0): commit(meta()), key(2): commit(add("a"))}, "commit 1 is missing"),
        ({key(3): commit(meta())}, "commit 2 is missing"),
        ({key(0): commit(protocol(), add("a"))}, "declares no schema"),
        ({key(0): b'{"metaData": '}, "line 1 is not JSON"),
        ({key(0): commit(meta()) + b'{"add": {"size": 3}}'}, "line 2 is no action"),
        ({key(0): commit(meta(schemaString="[]"))}, "the schema in its log cannot be read"),
        ({"t/_delta_log/_last_checkpoint": b"{}"}, "neither commits nor checkpoints"),
        ({key(0): b"[" * 100_000}, "line 1 is not JSON"),
    ],
)
def test_a_log_that_cannot_be_read_is_one_failed_file_and_no_table(objects: dict[str, bytes], said: str) -> None:
    ran = run(objects | {"t/a": b"data", "other.csv": b"x,y\n1,2\n"})
    assert list(ran.tables) == ["other"]
    [failed] = [row for row in ran.rows["files"] if row["status"] == "failed"]
    assert said in failed["error"] and failed["file_path"] in objects
    assert ran.files["t/a"]["status"] == "unknown"
    assert any(said in warning and warning.startswith("t: ") for warning in ran.extraction.warnings)


def test_rows_that_the_log_does_not_count_come_from_the_footers_and_only_those() -> None:
    objects = {
        key(0): commit(
            protocol(3, "deletionVectors"), meta(), add("a", 4), add("b", None), add("c", None, deletes=vector(2))
        ),
        "t/a": parquet(4),
        "t/b": parquet(30),
        "t/c": parquet(5),
    }
    ran = run(objects)
    [found] = ran.rows["tables"]
    assert (found["row_count"], found["row_count_source"]) == (37, "footer")
    assert {name: row["row_count"] for name, row in ran.files.items() if row["status"] == "read"} == {
        "t/a": 4,
        "t/b": 30,
        "t/c": 3,
    }
    assert isinstance(ran.store, DictStore)
    assert sorted(name for name, _ in ran.store.ranges) == [key(0), "t/b", "t/c"]
    assert run(objects, row_counts="none").rows["tables"][0]["row_count"] is None
    gone = {name: data for name, data in objects.items() if name != "t/b"}
    [found] = run(gone).rows["tables"]
    assert found["row_count"] is None
    assert any("1 of its 3 live files are not stored here" in w for w in found["warnings"])
    [found] = run(objects | {"t/b": b"broken"}).rows["tables"]
    assert found["row_count"] is None and "rows are not known" in found["warnings"][-1]


def test_what_a_reader_must_know_and_we_do_not_leaves_the_columns() -> None:
    for unknown in (protocol(3, "rowsFromTheMoon", "deletionVectors"), protocol(9)):
        found = table({key(0): commit(unknown, meta(), add("a"))})
        assert (found["row_count"], found["column_count"]) == (None, 2)
        assert "rowsFromTheMoon" in found["warnings"][0] or "reader version 9" in found["warnings"][0]


def test_files_elsewhere_count_but_are_told() -> None:
    objects = {key(0): commit(protocol(), meta(), add("s3://other/place/a.parquet", 3), add("/abs/b", 4))}
    found = table(objects)
    assert (found["row_count"], found["file_count"]) == (7, 2)
    assert found["warnings"] == ["2 of its 2 live files are not stored here"]


def test_columns_as_declared() -> None:
    inner = {"type": "struct", "fields": [field("x y", "short"), field("z", "timestamp_ntz")]}
    declared = meta(
        field("id", "long", nullable=False, comment="the key"),
        field("price", "decimal(10,2)"),
        field("tags", {"type": "array", "elementType": "string", "containsNull": True}),
        field("by", {"type": "map", "keyType": "integer", "valueType": inner, "valueContainsNull": True}),
        field("code", "string", __CHAR_VARCHAR_TYPE_STRING="varchar(3)"),
        field("v", "variant"),
        field("where", "geometry(OGC:CRS84)"),
        field("kept", "interval day to second"),
        field("k", "byte"),
        partitions=("k",),
        description="all orders",
        configuration={"delta.columnMapping.mode": "name", "password": "hunter2"},
    )
    ran = run({key(0): commit(protocol(), declared)})
    assert ran.types("t") == {
        "id": "bigint",
        "price": "decimal(10,2)",
        "tags": "array<string>",
        "by": "map<int,struct<`x y`:smallint,z:timestamp_ntz>>",
        "code": "string",
        "v": "variant",
        "where": "geometry",
        "kept": "interval",
        "k": "tinyint",
    }
    columns = {row["column_name"]: row for row in ran.columns("t")}
    assert [name for name, row in columns.items() if row["is_partition"]] == ["k"]
    assert [name for name, row in columns.items() if not row["is_nullable"]] == ["id"]
    assert (columns["id"]["comment"], columns["code"]["native_type"]) == ("the key", "varchar(3)")
    assert {row["type_source"] for row in columns.values()} == {"log"}
    [found] = ran.rows["tables"]
    assert (found["row_count"], found["comment"], found["partition_columns"]) == (0, "all orders", ["k"])
    properties = json.loads(found["properties"])
    assert properties["delta.version"] == "0" and properties["delta.columnMapping.mode"] == "name"
    assert "hunter2" not in found["properties"]


def test_a_schema_that_is_none_is_refused() -> None:
    deep: Any = "long"
    for _ in range(200):
        deep = {"type": "array", "elementType": deep}
    for wrong in ({"fields": [{"type": "long"}]}, {"fields": [field("a", 5)]}, {"fields": [field("a", deep)]}, 7):
        with pytest.raises(WrongSchema):
            fields(wrong)


def test_an_unchanged_log_is_not_read_again_and_a_changed_one_is() -> None:
    objects = {
        key(0): commit(protocol(3, "deletionVectors"), meta(), add("a", None), add("b", 5, deletes=vector(2))),
        "t/a": parquet(30),
        "t/b": parquet(5),
        "t/old": parquet(1),
        "t/deletion_vector_1.bin": b"vector",
    }
    first = run(objects)
    second = run(objects, remembered=first.remembered)
    assert isinstance(second.store, DictStore) and second.store.ranges == []
    assert second.rows["tables"] == first.rows["tables"] and second.rows["columns"] == first.rows["columns"]
    states = {name: row["status"] for name, row in second.files.items()}
    assert states["t/a"] == states["t/b"] == "unchanged"
    stable = [{k: v for k, v in row.items() if k != "status"} for row in second.rows["files"]]
    assert stable == [{k: v for k, v in row.items() if k != "status"} for row in first.rows["files"]]
    third = run(objects | {key(1): commit(add("c", 1))}, remembered=second.remembered)
    assert isinstance(third.store, DictStore)
    assert sorted(name for name, _ in third.store.ranges) == [key(0), key(1)]
    assert third.rows["tables"][0]["row_count"] == 34


def test_a_table_format_asked_for_reads_that_and_nothing_else() -> None:
    objects = {key(0): commit(protocol(), meta(), add("a", None)), "t/a": parquet(3), "x.csv": b"a,b\n1,2\n"}
    ran = run(objects, only="delta")
    assert {name: row["row_count"] for name, row in ran.tables.items()} == {"t": 3}
    assert ran.files["x.csv"]["status"] == "unknown"
    ran = run(objects, only="csv")
    assert list(ran.tables) == ["x"] and ran.files["t/a"]["status"] == "unknown"
    assert list(run(objects, exclude=("t/**",)).tables) == ["x"]


def test_a_column_of_statistics_named_like_the_count_does_not_fool_it() -> None:
    tricky = json.dumps({"minValues": {"numRecords": 1}, "numRecords": 9})
    assert count({key(0): commit(meta(), add("a", stats=tricky), add("b", stats="{}"))})[0] is None
    assert count({key(0): commit(meta(), add("a", stats=tricky))})[0] == 9
