"""Tables written by delta-rs, in many ways: rows, columns and live files are what delta-rs itself says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.pipeline import run

ODD = ["a b", "x/y", "100%", "ä", "k=v", "", None, "#?&+", "2024-01-31"]


def batch(dice: random.Random, first: int, count: int) -> pa.Table:
    return pa.table(
        {
            "id": pa.array(range(first, first + count), pa.int64()),
            "part": pa.array([dice.choice(ODD) for _ in range(count)], pa.string()),
            "price": pa.array([dice.random() for _ in range(count)], pa.float64()),
        }
    )


def compare(path: Path) -> None:
    theirs = DeltaTable(path)
    ran = run(path.parent)
    [mine] = ran.rows["tables"]
    assert mine["row_count"] == theirs.count() == pa.table(theirs.to_pyarrow_table()).num_rows
    assert mine["file_count"] == len(theirs.file_uris())
    assert [row["column_name"] for row in ran.columns(mine["table_name"])] == [f.name for f in theirs.schema().fields]
    assert mine["partition_columns"] == theirs.metadata().partition_columns
    live = {Path(uri.removeprefix("file://")).name for uri in theirs.file_uris()}
    assert {Path(row["file_path"]).name for row in ran.rows["files"] if row["status"] == "read"} == live


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_operations(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    path = tmp_path / "t"
    write_deltalake(path, batch(dice, 0, 30), partition_by=["part"] if seed % 2 else None)
    for step in range(12):
        table = DeltaTable(path)
        chosen = dice.choice(["append", "append", "delete", "update", "overwrite", "compact", "checkpoint", "restore"])
        if chosen == "append":
            write_deltalake(path, batch(dice, step * 100, dice.randrange(1, 40)), mode="append")
        elif chosen == "delete":
            table.delete(f"id % {dice.randrange(2, 5)} = 0")
        elif chosen == "update":
            table.update(predicate=f"id > {dice.randrange(400)}", updates={"price": "0.0"})
        elif chosen == "overwrite":
            write_deltalake(path, batch(dice, step, 9), mode="overwrite")
        elif chosen == "compact":
            table.optimize.compact()
        elif chosen == "checkpoint":
            table.create_checkpoint()
        elif table.version():
            table.restore(dice.randrange(table.version()))
        compare(path)


def test_a_vacuumed_and_cleaned_table(tmp_path: Path) -> None:
    dice, path = random.Random(9), tmp_path / "t"
    write_deltalake(path, batch(dice, 0, 20), configuration={"delta.logRetentionDuration": "interval 0 days"})
    for at in range(3):
        write_deltalake(path, batch(dice, at, 20), mode="overwrite")
    table = DeltaTable(path)
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    table.create_checkpoint()
    table.cleanup_metadata()
    write_deltalake(path, batch(dice, 7, 5), mode="append")
    compare(path)


def test_types(tmp_path: Path) -> None:
    types: dict[str, tuple[Any, str]] = {
        "byte": (pa.int8(), "tinyint"),
        "short": (pa.int16(), "smallint"),
        "int": (pa.int32(), "int"),
        "long": (pa.int64(), "bigint"),
        "float": (pa.float32(), "float"),
        "double": (pa.float64(), "double"),
        "decimal": (pa.decimal128(20, 4), "decimal(20,4)"),
        "text": (pa.string(), "string"),
        "bytes": (pa.binary(), "binary"),
        "yes": (pa.bool_(), "boolean"),
        "day": (pa.date32(), "date"),
        "moment": (pa.timestamp("us", "UTC"), "timestamp"),
        "wall clock": (pa.timestamp("us"), "timestamp_ntz"),
        "many": (pa.list_(pa.int32()), "array<int>"),
        "by": (pa.map_(pa.string(), pa.float64()), "map<string,double>"),
        "both": (pa.struct({"a b": pa.int8(), "c": pa.list_(pa.date32())}), "struct<`a b`:tinyint,c:array<date>>"),
    }
    schema = pa.schema([pa.field(name, type_, nullable=name != "int") for name, (type_, _) in types.items()])
    DeltaTable.create(tmp_path / "t", schema=schema, description="everything")
    ran = run(tmp_path)
    assert ran.types("t") == {name: spark for name, (_, spark) in types.items()}
    assert [row["column_name"] for row in ran.columns("t") if not row["is_nullable"]] == ["int"]
    assert ran.tables["t"]["comment"] == "everything"
