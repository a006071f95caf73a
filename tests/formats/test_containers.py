"""Avro, ORC and Arrow IPC: names, types, rows and how many ranges; and no broken byte breaks a reader."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.orc as orc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import CountSource
from core.errors import FileError
from core.formats.base import ReadOptions
from core.formats.orc import Orc
from tests.formats.driver import read

EXACT = ReadOptions(row_counts="exact")


def zigzag(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return zigzag(len(raw)) + raw


def avro(schema: Any, blocks: list[tuple[int, bytes]], sync: bytes = b"0123456789abcdef") -> bytes:
    """An Avro file: blocks of so many rows and these bytes."""
    head = b"Obj\x01" + zigzag(1) + text("avro.schema") + text(json.dumps(schema)) + zigzag(0) + sync
    return head + b"".join(zigzag(rows) + text(data) + sync for rows, data in blocks)


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": name, "type": type_} for name, type_ in fields.items()]}


def types(data: bytes, key: str) -> list[tuple[str, str, bool]]:
    table = read(data, key).table
    assert table is not None
    return [(column.name, column.type, column.nullable) for column in table.columns]


def arrow_table(rows: int = 1000) -> pa.Table:
    return pa.table({"id": pa.array(range(rows), pa.int64()), "name": pa.array(["x"] * rows)})


def arrow_file(table: pa.Table, batch: int = 100, *, stream: bool = False) -> bytes:
    sink = io.BytesIO()
    make: Callable[..., Any] = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    return sink.getvalue()


def orc_file(table: pa.Table, **more: Any) -> bytes:
    sink = io.BytesIO()
    orc.write_table(table, sink, **more)
    return sink.getvalue()


def test_avro_types_logical_ones_and_names_used_again() -> None:
    point = {"type": "record", "name": "geo.Point", "fields": [{"name": "x", "type": "double"}]}
    schema = record(
        a="long",
        b=["null", "string"],
        c={"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2},
        d={"type": "long", "logicalType": "timestamp-micros"},
        e={"type": "long", "logicalType": "local-timestamp-millis"},
        f={"type": "array", "items": ["null", "int"]},
        g={"type": "map", "values": point},
        h="geo.Point",
        i={"type": "enum", "name": "E", "symbols": ["A"]},
        j={"type": "fixed", "name": "F", "size": 4},
        k=["int", "string"],
        m={"type": "bytes", "logicalType": "decimal", "precision": -1},
        n={"type": {"type": "string"}},
    )
    assert types(avro(schema, []), "x.avro") == [
        ("a", "bigint", False),
        ("b", "string", True),
        ("c", "decimal(10,2)", False),
        ("d", "timestamp", False),
        ("e", "timestamp_ntz", False),
        ("f", "array<int>", False),
        ("g", "map<string,struct<x:double>>", False),
        ("h", "struct<x:double>", False),
        ("i", "string", False),
        ("j", "binary", False),
        ("k", "union<int,string>", False),
        ("m", "binary", False),
        ("n", "string", False),
    ]
    assert types(avro(["null", "int"], []), "x.avro") == [("value", "int", True)]


def test_an_avro_type_that_holds_itself_ends() -> None:
    node = record(next=["null", "R"], value="int")
    assert types(avro(node, []), "x") == [("next", "struct<next:string,value:int>", True), ("value", "int", False)]


def test_avro_rows_are_summed_over_blocks_and_a_line_break_at_the_end_is_no_block() -> None:
    data = avro(record(a="int"), [(3, b"xyz"), (1000, b"q" * 50)])
    for more in (b"", b"\n"):
        table = read(data + more, "x.avro").table
        assert (table.row_count, table.row_count_source) == (1003, CountSource.FOOTER)
    wrong = data.replace(b"xyz0123456789abcdef", b"xyz0123456789abcde?")
    assert read(wrong, "x.avro").table.row_count is None
    cut = read(data[:-3], "x.avro").table
    assert cut.row_count is None and "cannot be counted" in cut.warnings[0] and cut.columns[0].name == "a"


def test_a_large_avro_file_takes_one_range_and_estimates_unless_asked() -> None:
    data = avro(record(a="int"), [(500, b"q" * 20_000)] * 400)
    quick = read(data, "x.avro")
    assert len(quick.spans) == 1
    table = quick.table
    assert table.row_count_source is CountSource.ESTIMATED and abs(table.row_count - 200_000) < 4_000
    exact = read(data, "x.avro", EXACT)
    assert exact.rows == 200_000 and len(exact.spans) < 12


def test_arrow_files_and_streams_say_the_same() -> None:
    fields = [
        pa.field("a", pa.int32(), nullable=False),
        pa.field("b", pa.list_(pa.struct([("c", pa.timestamp("us", "UTC"))]))),
        pa.field("d", pa.dictionary(pa.int8(), pa.string())),
    ]
    table = pa.Table.from_pylist([{"a": 1, "b": [{"c": 0}], "d": "x"}] * 5, schema=pa.schema(fields))
    wanted = [("a", "int", False), ("b", "array<struct<c:timestamp>>", True), ("d", "string", True)]
    for data, key in ((arrow_file(table), "x.arrow"), (arrow_file(table, stream=True), "x"), (arrow_file(table), "x")):
        assert types(data, key) == wanted
        assert read(data, key).rows == 5
        assert read(data, key).file_type == "arrow"


def test_feather_is_arrow_and_its_first_version_is_told() -> None:
    sink = io.BytesIO()
    feather.write_feather(arrow_table(), sink)
    assert read(sink.getvalue(), "x.feather").rows == 1000
    with pytest.raises(FileError, match="Feather version 1"):
        read(b"FEA1" + b"\0" * 100, "x.feather")


def test_a_large_arrow_file_is_estimated_from_one_batch_and_counted_when_asked() -> None:
    data = arrow_file(arrow_table(500_000), 5_000)
    quick = read(data, "x.arrow")
    assert len(quick.spans) <= 2 and quick.names == ["id", "name"]
    assert abs(quick.rows - 500_000) < 5_000
    assert quick.table.row_count_source is CountSource.ESTIMATED
    assert read(data, "x.arrow", EXACT).rows == 500_000
    stream = arrow_file(arrow_table(200_000), 5_000, stream=True)
    assert read(stream, "x.arrows", EXACT).rows == 200_000
    assert read(stream, "x").table.row_count_source is CountSource.ESTIMATED


def test_few_batches_are_counted_each() -> None:
    run = read(arrow_file(arrow_table(500_000), 125_000), "x.arrow")
    assert (run.rows, run.table.row_count_source, len(run.spans)) == (500_000, CountSource.FOOTER, 5)
    run = read(arrow_file(arrow_table(200_000), 1_000), "x.arrow")
    assert (run.rows, run.table.row_count_source, len(run.spans)) == (200_000, CountSource.FOOTER, 1)


@pytest.mark.parametrize("codec", ["uncompressed", "zlib", "snappy", "lz4", "zstd"])
def test_orc_of_every_compression(codec: str) -> None:
    table = arrow_table(5000).append_column("m", pa.array([{"k": [1]}] * 5000, pa.struct([("k", pa.list_(pa.int8()))])))
    run = read(orc_file(table, compression=codec), "x.orc")
    found = run.table
    assert [(c.name, c.type) for c in found.columns] == [
        ("id", "bigint"),
        ("name", "string"),
        ("m", "struct<k:array<tinyint>>"),
    ]
    assert (found.row_count, found.row_count_source, len(run.spans)) == (5000, CountSource.FOOTER, 1)


def test_orc_types() -> None:
    schema = pa.schema(
        [
            pa.field("a", pa.decimal128(9, 3)),
            pa.field("b", pa.timestamp("ns")),
            pa.field("c", pa.timestamp("ns", "UTC")),
            pa.field("d", pa.date32()),
            pa.field("e", pa.map_(pa.string(), pa.float32())),
            pa.field("f", pa.bool_()),
            pa.field("g", pa.binary()),
        ]
    )
    assert [name for _, name, _ in types(orc_file(pa.Table.from_pylist([], schema=schema)), "x")] == [
        "decimal(9,3)",
        "timestamp_ntz",
        "timestamp",
        "date",
        "map<string,float>",
        "boolean",
        "binary",
    ]


SEEDS = {
    "x.avro": avro(record(a=["null", "long"], b={"type": "array", "items": "string"}), [(3, b"abc"), (4, b"defg")]),
    "x.arrow": arrow_file(arrow_table(50), 20),
    "x.arrows": arrow_file(arrow_table(50), 20, stream=True),
    "x.orc": orc_file(arrow_table(50), compression="zlib"),
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_no_cut_and_no_flipped_byte_breaks_a_reader(key: str, data: st.DataObject) -> None:
    raw = bytearray(SEEDS[key])
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(1, len(raw)))]
    with suppress(FileError):
        read(bytes(raw), key, EXACT)


def test_orc_is_known_by_its_first_or_last_bytes() -> None:
    data = SEEDS["x.orc"]
    assert Orc().sniff(data[:10], b"") and Orc().sniff(b"", data[-10:])


def test_an_orc_file_whose_chunks_are_larger_than_it_says_is_broken() -> None:
    data = orc_file(arrow_table(5000), compression="zlib")
    script = len(data) - 1 - data[-1]
    tail = bytearray(data)
    at = data.index(b"\x18", script)  # field 3 of the postscript: the size of a block
    assert read(data, "x.orc").rows == 5000
    tail[at + 1 :] = b"\x10" + data[data.index(b"\x22", at) :]  # sixteen bytes, where three told the size before
    tail[-1] = len(tail) - 1 - script
    with pytest.raises(FileError, match="most"):
        read(bytes(tail), "x.orc")


def test_an_arrow_batch_that_does_not_lie_where_it_says_is_broken() -> None:
    data = bytearray(arrow_file(arrow_table(100), 100, stream=True))
    place = bytes(data).index((1208).to_bytes(8, "little"))  # where the letters begin: after 100 longs and 101 offsets
    assert read(bytes(data), "x.arrows", EXACT).rows == 100
    data[place] += 5
    with pytest.raises(FileError, match="where it says"):
        read(bytes(data), "x.arrows", EXACT)
