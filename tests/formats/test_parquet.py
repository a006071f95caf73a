import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.catalog import CountSource, TypeSource
from core.errors import Fault, FileError
from core.formats.base import ReadOptions
from tests.formats.driver import read


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def big(columns: int = 1) -> bytes:
    """A file of more than 64 KiB."""
    noise = pa.array([bytes([i % 251]) * 40 + i.to_bytes(4, "big") for i in range(5000)])
    return parquet(pa.table({f"c{i}": noise for i in range(columns)}), compression="none", use_dictionary=False)


def test_a_large_file_takes_one_range_at_its_end() -> None:
    data = big()
    run = read(data, "a/b.parquet")
    assert run.spans == [(len(data) - (64 << 10), len(data))]
    assert (run.file_type, run.rows, run.types) == ("parquet", 5000, {"c0": "binary"})
    assert run.table is not None
    assert run.table.row_count_source is CountSource.FOOTER


def test_a_small_file_takes_one_range() -> None:
    data = parquet(pa.table({"a": [1]}))
    assert read(data, "a.parquet").spans == [(0, len(data))]


def test_a_footer_larger_than_the_first_range_takes_exactly_one_more() -> None:
    wide = pa.table({f"column_with_a_long_name_{i:05}": pa.array([1], pa.int64()) for i in range(2000)})
    data = parquet(wide)
    run = read(data, "a.parquet")
    length = int.from_bytes(data[-8:-4], "little") + 8
    assert run.spans == [(len(data) - (64 << 10), len(data)), (len(data) - length, len(data))]
    assert len(run.names) == 2000


def test_without_a_suffix_its_tail_is_fetched_too() -> None:
    data = big(2)
    run = read(data, "a/data")
    assert run.spans == [(0, 64 << 10), (len(data) - (64 << 10), len(data))]
    assert run.rows == 5000


def test_parquet_named_csv_is_parquet() -> None:
    run = read(big(2), "a.csv")
    assert (run.file_type, run.names) == ("parquet", ["c0", "c1"])


def test_csv_named_parquet_is_csv() -> None:
    run = read("a,b\n" + "1,2\n" * 30_000, "a.parquet")
    assert (run.file_type, run.types) == ("csv", {"a": "bigint", "b": "bigint"})
    assert len(run.spans) == 2


def test_types_nullability_and_native_types_come_from_the_footer() -> None:
    schema = pa.schema(
        [
            pa.field("id", pa.int64(), nullable=False),
            pa.field("t", pa.timestamp("ns")),
            pa.field("items", pa.list_(pa.struct([("at", pa.timestamp("us", tz="UTC")), ("n", pa.uint64())]))),
        ]
    )
    run = read(parquet(schema.empty_table()), "a.parquet")
    assert run.table is not None
    identity, moment, items = run.table.columns
    assert (identity.type, identity.nullable, identity.native_type) == ("bigint", False, "INT64")
    assert (moment.type, moment.nullable, moment.type_source) == ("timestamp_ntz", True, TypeSource.FOOTER)
    assert "nanoseconds" in (moment.native_type or "")
    assert items.type == "array<struct<at:timestamp,n:decimal(20,0)>>"
    assert "list.element.at INT64 Timestamp(" in (items.native_type or "")


def test_int96_is_a_moment_wherever_it_stands() -> None:
    moment = pa.timestamp("ns")
    schema = pa.schema(
        [
            ("a", pa.struct([("x", pa.int32()), ("t", moment), ("y", pa.map_(pa.string(), moment))])),
            ("b", pa.list_(moment)),
            ("c", pa.int32()),
        ]
    )
    run = read(parquet(schema.empty_table(), use_deprecated_int96_timestamps=True), "a.parquet")
    assert run.types == {
        "a": "struct<x:int,t:timestamp,y:map<string,timestamp>>",
        "b": "array<timestamp>",
        "c": "int",
    }


def test_rows_are_not_told_when_nobody_asked() -> None:
    run = read(parquet(pa.table({"a": [1]})), "a.parquet", ReadOptions(row_counts="none"))
    assert run.table is not None
    assert (run.rows, run.table.row_count_source) == (None, None)


def test_an_encrypted_footer_is_an_error_that_says_so() -> None:
    data = parquet(pa.table({"a": [1]}))
    with pytest.raises(FileError, match="encrypted") as caught:
        read(data[:-4] + b"PARE", "a.parquet")
    assert caught.value.fault is Fault.ENCRYPTED


@pytest.mark.parametrize(
    "broken",
    [
        lambda data: data[:-10],
        lambda data: data[:5],
        lambda data: data[:-8] + (10**9).to_bytes(4, "little") + b"PAR1",
        lambda data: data[:-30] + b"\xff" * 22 + data[-8:],
        lambda data: b"PAR1" + b"\0" * 20,
    ],
    ids=["cut short", "nearly nothing", "footer larger than the file", "footer of junk", "no footer"],
)
def test_a_broken_file_is_an_error_of_one_line(broken) -> None:
    with pytest.raises(FileError) as caught:
        read(broken(parquet(pa.table({"a": [1], "b": ["x"]}))), "a.parquet")
    assert caught.value.fault is Fault.CORRUPT
    assert "\n" not in caught.value.message


def test_a_negative_row_count_is_an_error() -> None:
    data = parquet(pa.table({"a": pa.array([], pa.int64())}))
    # In the footer's compact Thrift, field 3 (rows) follows the schema: 0x16 is its header, 0 its value.
    at = data.index(b"\x16\x00", len(data) - int.from_bytes(data[-8:-4], "little") - 8)
    with pytest.raises(FileError):
        read(data[:at] + b"\x16\x01" + data[at + 2 :], "a.parquet")


def test_files_of_one_schema_each_have_their_own_rows() -> None:
    schema = pa.schema([("id", pa.int64()), ("in", pa.struct([("x", pa.duration("s"))]))])
    for rows in (3, 0, 200):
        table = pa.table({field.name: pa.nulls(rows, field.type) for field in schema}, schema=schema)
        run = read(parquet(table), "a.parquet")
        assert (run.rows, run.types) == (rows, {"id": "bigint", "in": "struct<x:interval>"})
