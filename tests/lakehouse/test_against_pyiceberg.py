"""Tables written by pyiceberg: rows and columns are what a scan of pyiceberg gives."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.expressions import EqualTo, LessThan
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType, TimestampType

from tests.pipeline import run

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=False),
    NestedField(2, "part", StringType(), required=False),
    NestedField(3, "at", TimestampType(), required=False),
)
SPEC = PartitionSpec(
    PartitionField(2, 1000, IdentityTransform(), "part"), PartitionField(3, 1001, IdentityTransform(), "at")
)


def batch(dice: random.Random, count: int) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([dice.randrange(1000) for _ in range(count)], pa.int64()),
            "part": pa.array([dice.choice(["a b", "x/y", "100%", None]) for _ in range(count)], pa.string()),
            "at": pa.array([dice.randrange(3) * 86_400_000_000 for _ in range(count)], pa.timestamp("us")),
        }
    )


def compare(path: Path, theirs: Table) -> None:
    ran = run(path)
    [mine] = ran.rows["tables"]
    assert mine["row_count"] == theirs.scan().to_arrow().num_rows
    assert mine["file_count"] == len(list(theirs.scan().plan_files()))
    assert [row["column_name"] for row in ran.columns(mine["table_name"])] == [f.name for f in theirs.schema().fields]
    live = {Path(task.file.file_path).name for task in theirs.scan().plan_files()}
    assert {Path(row["file_path"]).name for row in ran.rows["files"] if row["status"] == "read"} == live


@pytest.mark.filterwarnings("ignore")  # pyiceberg warns of deletes that match nothing, and of its own future
@pytest.mark.parametrize(("version", "partitioned"), [("1", False), ("2", False), ("2", True)])
def test_any_sequence_of_operations(tmp_path: Path, version: str, partitioned: bool) -> None:
    dice = random.Random(f"{version}{partitioned}")
    catalog = InMemoryCatalog("c", warehouse=f"file://{tmp_path}/wh")
    catalog.create_namespace("db")
    more = {"partition_spec": SPEC} if partitioned else {}
    table = catalog.create_table("db.t", SCHEMA, properties={"format-version": version}, **more)
    compare(tmp_path, table)
    for step in range(8):
        chosen = dice.choice(["append", "append", "delete", "overwrite", "rename"])
        if chosen == "append":
            data = batch(dice, dice.randrange(1, 30)).rename_columns([f.name for f in table.schema().fields])
            table.append(data.cast(table.schema().as_arrow()))
        elif chosen == "delete":
            table.delete(LessThan(table.schema().fields[0].name, dice.randrange(500)))
        elif chosen == "overwrite":
            data = batch(dice, 5).rename_columns([f.name for f in table.schema().fields])
            table.overwrite(data.cast(table.schema().as_arrow()), EqualTo(table.schema().fields[0].name, 7))
        else:
            with table.update_schema() as update:
                update.rename_column(table.schema().fields[0].name, f"id{step}")
        compare(tmp_path, table)
    moved = tmp_path / "moved to"
    (tmp_path / "wh").rename(moved)
    ran = run(moved)
    assert ran.rows["tables"][0]["row_count"] is not None
    assert ran.rows["tables"][0]["warnings"] == []
