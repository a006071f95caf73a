import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.catalog import Column
from core.formats.footers import Known, Translations

SCHEMA = pa.schema([("id", pa.int64()), ("t", pa.timestamp("ns")), ("s", pa.list_(pa.struct([("a", pa.string())])))])
COLUMNS = (Column("id", "bigint"),)


def footer(schema: pa.Schema, rows: int, **options: object) -> bytes:
    sink = io.BytesIO()
    data = {field.name: pa.nulls(rows, field.type) for field in schema}
    pq.write_table(pa.table(data, schema=schema), sink, **options)
    end = sink.getvalue()
    return end[-8 - int.from_bytes(end[-8:-4], "little") : -8]


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 100_000])
@pytest.mark.parametrize("options", [{}, {"store_schema": False}, {"version": "1.0"}, {"row_group_size": 10_000}])
def test_a_second_footer_of_the_same_schema_is_known_with_its_own_rows(rows: int, options: dict) -> None:
    known = Translations()
    assert known.recall(footer(SCHEMA, 7, **options)) is None
    known.remember(footer(SCHEMA, 7, **options), COLUMNS)
    assert known.recall(footer(SCHEMA, rows, **options)) == Known(COLUMNS, rows)


@pytest.mark.parametrize(
    "other",
    [
        pa.schema([pa.field("id", pa.int64(), nullable=False), *list(SCHEMA)[1:]]),
        pa.schema(list(SCHEMA)[:2]),
        pa.schema([("Id", pa.int64()), *list(SCHEMA)[1:]]),
        # In Parquet a duration is an integer like any other; only the Arrow schema tells.
        pa.schema([("id", pa.duration("s")), *list(SCHEMA)[1:]]),
    ],
    ids=["nullability", "fewer columns", "a name", "an Arrow type"],
)
def test_another_schema_is_not_known(other: pa.Schema) -> None:
    known = Translations()
    known.remember(footer(SCHEMA, 1), COLUMNS)
    assert known.recall(footer(other, 0)) is None


def test_a_schema_of_many_columns_is_known() -> None:
    wide = pa.schema([(f"c{at}", pa.decimal128(9, 2)) for at in range(300)])
    known = Translations()
    known.remember(footer(wide, 1), COLUMNS)
    assert known.recall(footer(wide, 2)) == Known(COLUMNS, 2)


def test_footers_that_are_cut_or_odd_are_not_known() -> None:
    known, good = Translations(), footer(SCHEMA, 1, store_schema=False)
    known.remember(good, COLUMNS)
    for cut in range(len(good)):
        assert known.recall(good[:cut]) is None or good[cut - 1] == 0
    for junk in (b"", b"\0", b"\x15", b"\x19" * 40, b"\x15\x02\x19\xfc" + b"\xff" * 20):
        known.remember(junk, COLUMNS)
        assert known.recall(junk) is None


def test_the_least_recently_used_are_forgotten() -> None:
    known = Translations()
    footers = [footer(pa.schema([(f"c{at}", pa.int32())]), 1, store_schema=False) for at in range(600)]
    for one in footers:
        known.remember(one, COLUMNS)
        assert known.recall(footers[0]) is not None
    assert known.recall(footers[1]) is None
    assert known.recall(footers[-1]) is not None
