"""Iceberg tables from their metadata: what is live, what deletes take away, and what missing files leave."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pyarrow as pa
import pytest

from core.datatypes.iceberg import WrongType, spark_type
from core.lakehouse.iceberg.metadata import NAME
from tests.lakehouse.delta_log import table_bytes
from tests.lakehouse.iceberg_files import EQUALITY, FIELDS, LOCATION, POSITIONS, entry, metadata, table
from tests.pipeline import DictStore, Ran, run


def one(objects: dict[str, bytes]) -> dict[str, Any]:
    [found] = run(objects).rows["tables"]
    return found


def count(objects: dict[str, bytes]) -> tuple[Any, Any, Any]:
    found = one(objects)
    return found["row_count"], found["row_count_source"], found["file_count"]


def positions(*found: tuple[str, int]) -> bytes:
    paths, rows = [f"{LOCATION}/{path}" for path, _ in found], [row for _, row in found]
    return table_bytes(pa.table({"file_path": pa.array(paths, pa.string()), "pos": pa.array(rows, pa.int64())}))


def test_live_files_are_those_of_the_current_snapshot() -> None:
    objects = table(
        (1, [entry("data/a.parquet", 10), entry("data/gone.parquet", 4, status=2)]),
        (2, [entry("data/day=1/b.parquet", 5, status=0), entry("data/c.orc", 1, format="ORC")]),
    )
    data = ("data/a.parquet", "data/day=1/b.parquet", "data/c.orc", "data/gone.parquet", "data/orphan.parquet")
    ran = run(objects | {f"t/{name}": b"data" for name in data} | {"t/metadata/version-hint.text": b"1"})
    [found] = ran.rows["tables"]
    assert (found["row_count"], found["row_count_source"], found["file_count"]) == (16, "manifest", 3)
    assert (found["table_name"], found["file_type"], found["warnings"]) == ("t", "iceberg", [])
    states = {name.removeprefix("t/"): (row["status"], row["error"]) for name, row in ran.files.items()}
    assert {name for name, (status, _) in states.items() if status == "read"} == set(data[:3])
    assert states["data/gone.parquet"] == states["data/orphan.parquet"]
    assert states["data/orphan.parquet"] == ("ignored", "not in the table's current version")
    assert {reason for name, (_, reason) in states.items() if name.startswith("metadata/")} == {"table log"}
    assert ran.files["t/data/c.orc"]["file_type"] == "orc"
    assert [(row["column_name"], row["data_type"], row["is_nullable"], row["comment"]) for row in ran.columns("t")] == [
        ("id", "bigint", False, None),
        ("name", "string", True, "who"),
    ]
    assert isinstance(ran.store, DictStore)
    assert {name for name, _ in ran.store.ranges} == set(objects), "data files are never asked"


@pytest.mark.parametrize("codec", ["null", "deflate", "zstandard", "snappy"])
def test_codecs_of_manifests(codec: str) -> None:
    assert count(table((1, [entry("a", 3)]), codec=codec)) == (3, "manifest", 1)


def test_position_deletes_count_once_and_only_where_they_apply() -> None:
    objects = table(
        (1, [entry("a", 10, sequence=1), entry("b", 10, sequence=3)]),
        (2, [entry("d1", 4, content=POSITIONS, sequence=2), entry("d2", 3, content=POSITIONS, sequence=4)]),
    )
    objects["t/d1"] = positions(("a", 0), ("a", 1), ("b", 0), ("gone", 5))
    objects["t/d2"] = positions(("a", 1), ("a", 2), ("b", 7))
    ran = run(objects | {"t/a": b"data", "t/b": b"data"})
    [found] = ran.rows["tables"]
    assert found["row_count"] == 20 - 3 - 1
    assert (ran.files["t/a"]["row_count"], ran.files["t/b"]["row_count"]) == (7, 9)
    assert ran.files["t/d1"]["error"] == "delete file"


def test_a_deletion_vector_counts_itself_and_replaces_older_deletes() -> None:
    objects = table(
        (1, [entry("a", 10), entry("b", 10)]),
        (
            2,
            [
                entry("dv.puffin", 4, content=POSITIONS, format="PUFFIN", refers_to="a"),
                entry("old", 2, content=POSITIONS),
                entry("dv.puffin", 9, content=POSITIONS, format="PUFFIN", refers_to="gone"),
            ],
        ),
        **{"format-version": 3},
    )
    objects["t/old"] = positions(("a", 0), ("b", 0))
    assert count(objects) == (20 - 4 - 1, "manifest", 2)


def test_rows_that_only_the_data_can_tell_are_unknown_and_said_to_be() -> None:
    late = table((1, [entry("a", 10, sequence=1)]), (2, [entry("e", 1, content=EQUALITY, sequence=2)]))
    assert one(late)["row_count"] is None
    assert "equality deletes" in one(late)["warnings"][0]
    early = table((1, [entry("a", 10, sequence=3)]), (2, [entry("e", 1, content=EQUALITY, sequence=2)]))
    assert one(early)["row_count"] == 10, "deletes do not touch what was written after them"
    for broken in (b"", b"PAR1 broken PAR1"):
        wrong = table((1, [entry("a", 10)]), (2, [entry("d", 1, content=POSITIONS)])) | {"t/d": broken}
        assert one(wrong)["row_count"] is None
        assert "position deletes" in one(wrong)["warnings"][0]


@pytest.mark.parametrize(
    "location", [LOCATION, "s3://warehouse/db/t/", "file:/elsewhere/t", "db/t", "", "s3://warehouse/other"]
)
def test_a_copied_table_is_read_where_it_lies(location: str) -> None:
    objects = table((1, [entry("data/x=1/a.parquet", 3), entry("data/x=2/a.parquet", 4)]), location=location)
    ran = run(objects | {"t/data/x=1/a.parquet": b"1", "t/data/x=2/a.parquet": b"2"})
    assert {name: row["row_count"] for name, row in ran.files.items() if row["status"] == "read"} == {
        "t/data/x=1/a.parquet": 3,
        "t/data/x=2/a.parquet": 4,
    }
    at_root = {name.removeprefix("t/"): data for name, data in objects.items()}
    assert run(at_root).rows["tables"][0]["row_count"] == 7


def test_which_metadata_is_current() -> None:
    named = {
        "v9.metadata.json": 9,
        "v10.gz.metadata.json": 10,
        "00011-2c07b6bd-e81f-4b64-9c43-75db1f0a3b9f.metadata.json": 11,
        "v12.metadata.json.gz": 12,
        "1699999999.metadata.json": 1_699_999_999,
    }
    for name, version in named.items():
        assert (match := NAME.fullmatch(f"t/metadata/{name}")) and int(match[1]) == version
    assert NAME.fullmatch("t/metadata/dataset.metadata.json") is None
    objects: dict[str, bytes] = {}
    for at, name in enumerate(list(named)[:4]):
        content = metadata(schemas=[{"schema-id": 0, "fields": [FIELDS[0] | {"name": f"c{at}"}]}])
        packed = gzip.compress(content) if "gz" in name else content
        objects |= {f"t/metadata/{name}": packed}
        assert [row["column_name"] for row in run(objects).columns("t")] == [f"c{at}"]
    ran = run(objects | {"t/metadata/v13.metadata.json": b'{"format-version": 2, "loc'})
    assert [row["column_name"] for row in ran.columns("t")] == ["c3"]
    assert "v13.metadata.json is passed over: it is no table metadata: it is not JSON" in ran.tables["t"]["warnings"][0]


def test_missing_manifests_leave_columns_and_the_snapshots_own_sum() -> None:
    objects = table((1, [entry("a", 10)]), snapshot={"summary": {"total-records": "10", "total-position-deletes": "0"}})
    for lost in ("t/metadata/m0.avro", "t/metadata/snap-1.avro"):
        for content in (None, b"Obj\x01 broken", objects[lost][:-30]):
            left = {name: data for name, data in objects.items() if name != lost}
            left |= {} if content is None else {lost: content}
            ran = run(left | {"t/a": b"data"})
            [found] = ran.rows["tables"]
            assert (found["row_count"], found["column_count"]) == (10, 2)
            assert "which files are live is not known" in found["warnings"][-1]
            assert ran.files["t/a"]["status"] == "unknown" and ran.files["t/a"]["table_name"] == "t"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "it is no table metadata"),
        (b"[]", "it is no table metadata"),
        (metadata(**{"format-version": 7}), "format version 7 is not known"),
        (metadata(**{"current-snapshot-id": 5}), "current snapshot 5 is not in it"),
        (metadata(schemas=[{"schema-id": 0, "fields": [FIELDS[0] | {"type": "colour"}]}]), "no type 'colour'"),
        (gzip.compress(metadata())[:-20], "cut short"),
    ],
)
def test_metadata_that_cannot_be_read_is_one_failed_file(content: bytes, said: str) -> None:
    ran = run({"t/metadata/v1.metadata.json": content, "t/data/a.parquet": b"data"})
    assert ran.tables == {}
    assert said in ran.files["t/metadata/v1.metadata.json"]["error"]
    assert ran.files["t/metadata/v1.metadata.json"]["status"] == "failed"


def test_a_table_without_a_snapshot_has_no_rows() -> None:
    assert count({"t/metadata/v1.metadata.json": metadata()}) == (0, "manifest", 0)
    assert count({"t/metadata/v1.metadata.json": metadata(**{"current-snapshot-id": None})}) == (0, "manifest", 0)


def test_the_first_version_with_its_manifests_in_the_metadata() -> None:
    objects = table((0, [entry("a", 3)]), (0, [entry("b", 4)]))
    first = {
        "format-version": 1,
        "location": LOCATION,
        "schema": {"type": "struct", "fields": FIELDS},
        "partition-spec": [{"name": "name", "transform": "identity", "source-id": 2, "field-id": 1000}],
        "current-snapshot-id": 1,
        "snapshots": [{"snapshot-id": 1, "manifests": [f"{LOCATION}/metadata/m{at}.avro" for at in (0, 1)]}],
    }
    ran = run(objects | {"t/metadata/v1.metadata.json": json.dumps(first).encode()})
    [found] = ran.rows["tables"]
    assert (found["row_count"], found["partition_columns"]) == (7, ["name"])


def test_properties_tell_snapshot_spec_and_order_but_no_users_values() -> None:
    ran = run(
        {
            "t/metadata/v1.metadata.json": metadata(
                **{
                    "partition-specs": [
                        {
                            "spec-id": 0,
                            "fields": [
                                {"source-id": 1, "transform": "bucket[16]", "name": "b", "field-id": 1000},
                                {"source-id": 2, "transform": "identity", "name": "n", "field-id": 1001},
                            ],
                        }
                    ],
                    "sort-orders": [
                        {
                            "order-id": 3,
                            "fields": [
                                {
                                    "source-id": 2,
                                    "transform": "identity",
                                    "direction": "asc",
                                    "null-order": "nulls-last",
                                }
                            ],
                        }
                    ],
                    "default-sort-order-id": 3,
                    "properties": {"write.format.default": "orc", "comment": "orders", "password": "hunter2"},
                    "schemas": [{"schema-id": 0, "fields": FIELDS, "identifier-field-ids": [1]}],
                }
            )
        }
    )
    [found] = ran.rows["tables"]
    properties = json.loads(found["properties"])
    assert properties["iceberg.partition-spec"] == "bucket[16](id), name"
    assert properties["iceberg.sort-order"] == "name asc nulls-last"
    assert properties["write.format.default"] == "orc"
    assert (found["comment"], "hunter2" in found["properties"]) == ("orders", False)
    assert [row["column_name"] for row in ran.columns("t") if row["is_primary_key"]] == ["id"]


@pytest.mark.parametrize(
    ("type_", "spark"),
    [
        ("decimal(9, 2)", "decimal(9,2)"),
        ("fixed[16]", "binary"),
        ("timestamptz_ns", "timestamp"),
        ("timestamp", "timestamp_ntz"),
        ("uuid", "string"),
        ("geometry(srid:4326)", "geometry"),
        ("variant", "variant"),
        ("unknown", "void"),
        ({"type": "list", "element": "int"}, "array<int>"),
        ({"type": "map", "key": "string", "value": {"type": "list", "element": "time"}}, "map<string,array<time>>"),
        ({"type": "struct", "fields": [{"id": 1, "name": "a b", "type": "long"}]}, "struct<`a b`:bigint>"),
    ],
)
def test_types(type_: Any, spark: str) -> None:
    assert spark_type(type_) == spark


def test_what_is_no_type() -> None:
    deep: Any = "int"
    for _ in range(200):
        deep = {"type": "list", "element": deep}
    for wrong in ("colour", {"type": "struct"}, {"type": "struct", "fields": [{"name": "a"}]}, 5, None, deep):
        with pytest.raises(WrongType):
            spark_type(wrong)


def test_an_unchanged_table_costs_no_request() -> None:
    objects: dict[str, bytes] = table(
        (1, [entry("a", 10, sequence=1)]), (2, [entry("d", 1, content=POSITIONS, sequence=2)])
    )
    objects |= {"t/a": b"data", "t/d": positions(("a", 3)), "t/old": b"data"}
    first: Ran = run(objects)
    second = run(objects, remembered=first.remembered)
    assert isinstance(second.store, DictStore) and second.store.ranges == []
    assert second.rows["tables"] == first.rows["tables"]
    assert [{k: v for k, v in row.items() if k != "status"} for row in second.rows["files"]] == [
        {k: v for k, v in row.items() if k != "status"} for row in first.rows["files"]
    ]
    assert second.files["t/a"]["row_count"] == 9
