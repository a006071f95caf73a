"""Folders as people really lay them out, through the whole extraction: names, partitions, drift, mixtures."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pipeline import DictStore, Ran, run

CSV = b"id,name\n1,ann\n2,bob\n"


def parquet(**columns: list[Any] | pa.Array) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


IDS = parquet(id=[1, 2], name=["ann", "bob"])


def lake(folder: Path, files: dict[str, bytes], **options: Any) -> Ran:
    """Extract a folder that holds these files."""
    for key, data in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return run(folder, **options)


def column(ran: Ran, table: str, name: str) -> dict[str, Any]:
    [found] = [row for row in ran.columns(table) if row["column_name"] == name]
    return found


@pytest.mark.parametrize(
    "name",
    ["a b", "größe", "日本", "a#b", "a?b", "a%20b", "a%", "a+b", "a[1]", "*", "it's", "a;b", "a&b", "a=b", "{x}", "~a"],
)
def test_a_key_is_a_name_and_nothing_else(tmp_path: Path, name: str) -> None:
    folder = "f " + name.replace("=", "-")  # else it is a partition
    keys = [f"{name}.csv", f"{folder}/{name}.parquet"]
    ran = lake(tmp_path, dict(zip(keys, (CSV, IDS), strict=True)))
    assert sorted(ran.files) == sorted(keys)
    assert {row["status"] for row in ran.files.values()} == {"read"}
    assert [(key, ran.files[key]["table_name"], ran.files[key]["row_count"]) for key in keys] == [
        (keys[0], name, 2),
        (keys[1], f"{folder}/{name}", 2),
    ]


def test_files_without_data_are_told_apart(tmp_path: Path) -> None:
    files = {"zero.csv": b"", "header.csv": b"id,name\n", "blank.csv": b"\n\n", "zero.json": b""}
    files["rows0.parquet"] = parquet(id=pa.array([], pa.int32()))
    ran = lake(tmp_path, files)
    assert {key: row["status"] for key, row in ran.files.items()} == {
        "zero.csv": "ignored",
        "zero.json": "ignored",
        "blank.csv": "failed",
        "header.csv": "read",
        "rows0.parquet": "read",
    }
    assert {name: row["row_count"] for name, row in ran.tables.items()} == {"header": 0, "rows0": 0}
    assert (ran.types("header"), ran.types("rows0")) == ({"id": "string", "name": "string"}, {"id": "int"})


def test_names_may_lie_about_the_format(tmp_path: Path) -> None:
    ran = lake(tmp_path, {"x.csv": IDS, "y.parquet": CSV, "z.json": IDS})
    assert {name: row["file_type"] for name, row in ran.tables.items()} == {"x": "parquet", "y": "csv", "z": "parquet"}


def test_files_of_different_schemas_in_one_folder_are_different_tables(tmp_path: Path) -> None:
    other = parquet(sku=["x"], price=[1.5])
    ran = lake(tmp_path, {"in/part-1.parquet": IDS, "in/part-2.parquet": IDS, "in/part-3.parquet": other})
    files = [sorted(ran.tables[name]["warnings"]) for name in ran.tables]
    assert sorted(row["file_count"] for row in ran.tables.values()) == [1, 2]
    assert files == [[], []]


def test_integers_that_became_reals_are_widened_and_both_types_are_kept(tmp_path: Path) -> None:
    first, second = b"id,v\n1,1\n2,2\n", b"id,v\n3,1.5\n"
    ran = lake(tmp_path, {"t/p-1.csv": first, "t/p-2.csv": second, "t/p-3.csv": b"id,v\n4,1\n5\n"})
    assert ran.types("t") == {"id": "bigint", "v": "double"}
    assert column(ran, "t", "v")["type_variants"] == ["bigint", "double"]
    assert ran.tables["t"]["warnings"] == ["t/p-3.csv: 1 of 2 sampled rows do not have 2 fields"]


def test_declared_integers_widen_without_loss_only(tmp_path: Path) -> None:
    small, wide = parquet(id=[1], v=pa.array([1], pa.int32())), parquet(id=[1], v=[1])
    ran = lake(tmp_path, {"t/p-1.parquet": small, "t/p-2.parquet": wide})
    assert (column(ran, "t", "v")["data_type"], column(ran, "t", "v")["type_variants"]) == ("bigint", ["int", "bigint"])
    assert ran.tables["t"]["warnings"] == []
    lossy = lake(tmp_path / "2", {"t/p-1.parquet": wide, "t/p-2.parquet": parquet(id=[1], v=[1.5])})
    assert column(lossy, "t", "v")["data_type"] == "string"
    assert "t/p-1.parquet" in lossy.tables["t"]["warnings"][0] and "t/p-2.parquet" in lossy.tables["t"]["warnings"][0]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_integers_that_became_text_are_text_and_the_warning_names_both_files(tmp_path: Path, suffix: str) -> None:
    numbers = {"csv": b"id,a,v\n1,x,7\n2,y,8\n", "parquet": parquet(id=[1], a=["x"], v=[7])}
    texts = {"csv": b"id,a,v\n1,x,seven\n2,y,8\n", "parquet": parquet(id=[1], a=["x"], v=["seven"])}
    ran = lake(tmp_path, {f"t/2024-01.{suffix}": numbers[suffix], f"t/2024-02.{suffix}": texts[suffix]})
    assert (column(ran, "t", "v")["data_type"], column(ran, "t", "v")["type_variants"]) == (
        "string",
        ["bigint", "string"],
    )
    [warning] = ran.tables["t"]["warnings"]
    assert f"t/2024-01.{suffix}" in warning and f"t/2024-02.{suffix}" in warning


def test_a_column_missing_in_some_files_is_nullable_and_counted(tmp_path: Path) -> None:
    required = pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("late", pa.int64(), nullable=False)])
    files = {}
    for at in range(3):
        out = io.BytesIO()
        columns = {"id": [1], "late": [2]} if at else {"id": [1]}
        pq.write_table(pa.table(columns, schema=pa.schema(list(required)[: len(columns)])), out)
        files[f"t/p-{at}.parquet"] = out.getvalue()
    ran = lake(tmp_path, files)
    assert [(row["column_name"], row["is_nullable"], row["present_in_files"]) for row in ran.columns("t")] == [
        ("id", False, 3),
        ("late", True, 2),
    ]


@pytest.mark.parametrize("data", [CSV, IDS], ids=["csv", "parquet"])
def test_partition_values_are_decoded_and_typed(tmp_path: Path, data: bytes) -> None:
    folders = (
        "m=01/city=S%C3%A3o/at=2024%2D01%2D31",
        "m=02/city=a%2Fb/at=2024-02-01",
        "m=__HIVE_DEFAULT_PARTITION__/city=x/at=__HIVE_DEFAULT_PARTITION__",
    )
    ran = lake(tmp_path, {f"sales/{folder}/part-0": data for folder in folders})
    assert ran.types("sales") == {"id": "bigint", "name": "string", "m": "int", "city": "string", "at": "date"}
    assert [row["is_partition"] for row in ran.columns("sales")] == [False, False, True, True, True]
    table = ran.tables["sales"]
    assert (table["partition_columns"], table["row_count"], table["file_count"]) == (["m", "city", "at"], 6, 3)
    assert table["warnings"] == []


def test_a_partition_column_that_is_also_in_the_files_is_there_once(tmp_path: Path) -> None:
    data = parquet(id=[1], year=pa.array([2024], pa.int16()))
    ran = lake(tmp_path, {"t/year=2023/a.parquet": data, "t/year=2024/a.parquet": data})
    assert [(row["column_name"], row["is_partition"]) for row in ran.columns("t")] == [("id", False), ("year", True)]


def test_flat_files_beside_partition_folders_are_of_the_same_table(tmp_path: Path) -> None:
    ran = lake(tmp_path, {"t/old.parquet": IDS, "t/y=2024/a.parquet": IDS, "t/y=2024/z=1/a.parquet": IDS})
    [(name, table)] = ran.tables.items()
    assert (name, table["row_count"], table["partition_columns"]) == ("t", 6, ["y", "z"])
    assert "partition folders differ" in table["warnings"][0]
    assert column(ran, "t", "y")["present_in_files"] == 2


@pytest.mark.parametrize(
    ("folders", "columns"),
    [
        (["2024/01", "2024/02"], ["_year", "_month"]),
        (["2024/01/31", "2024/02/01"], ["_year", "_month", "_day"]),
        (["2024/01/31/23", "2024/02/01/00"], ["_year", "_month", "_day", "_hour"]),
        (["2024-01-31", "20240201"], ["_year", "_month", "_day"]),
    ],
)
def test_date_ladders_are_partitions(tmp_path: Path, folders: list[str], columns: list[str]) -> None:
    ran = lake(tmp_path, {f"events/{folder}/e.json": b'{"id": 1}\n{"id": 2}\n' for folder in folders})
    [(name, table)] = ran.tables.items()
    assert (name, table["partition_columns"], table["row_count"]) == ("events", columns, 4)
    assert ran.types(name) == {"id": "bigint"} | dict.fromkeys(columns, "int")


POOL = {
    "root.csv": CSV,
    "in/p-1.csv": CSV,
    "in/p-2.csv": b"id,name\nx,ann\n",
    "in/p-3.csv": b"id,name,more\n1,ann,2\n",
    "in/p-4.csv": b"sku;price\nx;1,5\n",
    "in/p-1.parquet": IDS,
    "in/_SUCCESS": b"",
    "t/y=1/a.parquet": IDS,
    "t/y=2/a.parquet": parquet(id=["x"], name=["y"]),
    "t/y=x/z=1/a.parquet": parquet(name=["y"]),
    "t/flat.parquet": IDS,
    "e/2024/01/e.json": b'{"id": 1}\n',
    "e/2024/02/01/e.json": b'{"id": "x", "late": 1}\n',
    "in.csv": b"id,name\n1,2,3\n1,2\n",
    "in": b"\x00\x01\x02",
    "bad.parquet": b"PAR1 no PAR1",
    "a[1].csv": CSV,
    "a[2].csv": b"id,name\n1.5,ann\n",
}


def rows_of(objects: dict[str, bytes], page: int) -> dict[str, list[dict[str, Any]]]:
    return dict(run(DictStore(objects, page=page)).rows)


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(sorted(POOL)), min_size=2), st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_order_of_the_listing_changes_no_row(keys: set[str], dice: random.Random, page: int) -> None:
    listing = sorted(keys)
    first = rows_of({key: POOL[key] for key in listing}, 1000)
    dice.shuffle(listing)
    assert rows_of({key: POOL[key] for key in listing}, page) == first
