import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog import CountSource
from core.errors import Fault, FileError
from core.formats.base import ReadOptions
from core.formats.jsoncount import LineCounter, ValueCounter
from core.formats.jsonrows import Layout, parse_rows
from core.formats.jsontypes import RowShape
from tests.formats.driver import read

SAMPLE = ReadOptions(sample_bytes=70_000)
EXACT_SAMPLE = ReadOptions(sample_bytes=70_000, row_counts="exact")
ROWS = [{"id": i, "name": f"n {i}", "tags": ["]", '"'], "in": {"x": i / 2}} for i in range(5000)]
TYPES = {"id": "bigint", "name": "string", "tags": "array<string>", "in": "struct<x:double>"}
LAYOUTS = {
    "array": json.dumps(ROWS),
    "indented array": json.dumps(ROWS, indent=1),
    "lines": "\n".join(map(json.dumps, ROWS)),
    "one after the other": "\n".join(json.dumps(row, indent=1) for row in ROWS),
    "without line ends": "".join(map(json.dumps, ROWS)),
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(text: str) -> None:
    whole = read(text, "a.json", ReadOptions(sample_bytes=10 << 20))
    assert (whole.types, whole.rows) == (TYPES, 5000)
    estimated = read(text, "a.json", SAMPLE)
    assert (estimated.types, estimated.spans) == (TYPES, [(0, 70_000)])
    assert estimated.rows == pytest.approx(5000, rel=0.05)
    assert estimated.table is not None
    assert estimated.table.row_count_source is CountSource.ESTIMATED
    counted = read(text, "a.json", EXACT_SAMPLE)
    assert counted.table is not None
    assert (counted.rows, counted.table.row_count_source) == (5000, CountSource.COUNTED)


def test_one_object_is_one_row() -> None:
    run = read('{\n "a": 1,\n "b": {"c": [1, 2]}\n}\n', "a.json")
    assert (run.types, run.rows) == ({"a": "bigint", "b": "struct<c:array<bigint>>"}, 1)


def test_an_object_larger_than_the_sample_is_read_as_far_as_it_goes() -> None:
    text = json.dumps({"type": "FeatureCollection", "features": ROWS, "late": 1})
    for options, source in ((SAMPLE, CountSource.ESTIMATED), (EXACT_SAMPLE, CountSource.COUNTED)):
        run = read(text, "a.geojson", options)
        assert run.types == {"type": "string", "features": f"array<struct<{_fields(TYPES)}>>"}
        assert run.table is not None
        assert (run.rows, run.table.row_count_source) == (1, source)
        assert "larger than" in run.table.warnings[0]


def _fields(types: dict[str, str]) -> str:
    return ",".join(f"{name}:{type_}" for name, type_ in types.items())


def test_types_hold_all_values() -> None:
    text = """[{"a": 1, "b": 1, "c": null, "d": [], "e": {}, "f": true, "g": [1, 2.5], "h": {"x": 1}},
        {"a": 2.5, "b": "x", "c": null, "d": [null], "h": {"y": [{"z": false}]}, "late": 9223372036854775808}]"""
    run = read(text, "a.json")
    assert run.types == {
        "a": "double",
        "b": "string",
        "c": "void",
        "d": "array<void>",
        "e": "struct<>",
        "f": "boolean",
        "g": "array<double>",
        "h": "struct<x:bigint,y:array<struct<z:boolean>>>",
        "late": "double",
    }
    assert run.table is not None
    assert all(column.nullable for column in run.table.columns)


GOOD = '{"a": 1}\n'


@pytest.mark.parametrize(
    ("text", "rows", "warning"),
    [
        (GOOD * 10 + '{"a": \n' + GOOD * 8 + "\nnonsense\n", 18, "2 of 20 lines are not JSON"),
        ('{"a": \n' + GOOD * 9, 9, "1 of 10 lines is not JSON"),
    ],
)
def test_a_few_broken_lines_are_counted_and_told(text: str, rows: int, warning: str) -> None:
    run = read(text, "a.ndjson")
    assert run.table is not None
    assert (run.rows, run.table.warnings) == (rows, (warning,))


def test_a_file_of_which_more_than_a_tenth_of_the_lines_is_broken_is_broken() -> None:
    for text in ("nonsense\n" + GOOD * 8, GOOD * 8 + '{"a": 1}{\n'):
        with pytest.raises(FileError, match="1 of 9 lines is not JSON") as caught:
            read(text, "a.ndjson")
        assert caught.value.fault is Fault.CORRUPT


def test_broken_lines_are_counted_beyond_the_sample() -> None:
    lines = [json.dumps(row) for row in ROWS]
    lines[4000] = '{"id": '
    run = read("\n".join(lines), "a.ndjson", EXACT_SAMPLE)
    assert run.table is not None
    assert (run.rows, run.table.warnings) == (4999, ("1 of 5,000 lines is not JSON",))


@pytest.mark.parametrize(
    "text",
    ['[{"a": 1}, {"a": ', '[{"a": 1} {"a": 2}]', '{"a": 1', "[1,,2]", "{'a': 1}", '{"a": 01}', "nothing at all"],
)
def test_a_whole_file_that_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(FileError, match="not valid JSON") as caught:
        read(text, "a.json")
    assert caught.value.fault is Fault.CORRUPT


@pytest.mark.parametrize("options", [SAMPLE, EXACT_SAMPLE])
def test_a_malformed_middle_is_an_error_and_not_taken_for_the_end_of_the_sample(options: ReadOptions) -> None:
    text = json.dumps(ROWS).replace('"name": "n 3"', '"name" "n 3"')
    with pytest.raises(FileError, match="not valid JSON"):
        read(text, "a.json", options)


def test_an_array_that_ends_too_early_is_noticed_when_counting() -> None:
    with pytest.raises(FileError, match="not valid JSON"):
        read(json.dumps(ROWS)[:-100], "a.json", EXACT_SAMPLE)


def test_deep_nesting_is_an_error_of_the_file() -> None:
    with pytest.raises(FileError, match="nested"):
        read("[" * 100_000 + "]" * 100_000, "a.json", ReadOptions(sample_bytes=1 << 20))


def test_a_blank_file_is_an_error() -> None:
    with pytest.raises(FileError) as caught:
        read("  \n", "a.json")
    assert caught.value.fault is Fault.EMPTY


@pytest.mark.parametrize(
    ("text", "type_", "rows"),
    [("[1, 2, 3]", "bigint", 3), ('"a"\n"b"\n', "string", 2), ("[1]\n[2, 3]\n", "array<bigint>", 2)],
)
def test_rows_that_are_no_objects_are_one_column(text: str, type_: str, rows: int) -> None:
    run = read(text, "a.json")
    assert (run.types, run.rows) == ({"json": type_}, rows)


def test_an_empty_array_has_no_rows_and_no_columns() -> None:
    run = read("[]", "a.json")
    assert (run.names, run.rows) == ([], 0)


def test_compressed_lines() -> None:
    data = gzip.compress(LAYOUTS["lines"].encode())
    assert read(data, "a.ndjson.gz", EXACT_SAMPLE).rows == 5000


def test_samples_are_text() -> None:
    run = read('[{"a": 1, "b": {"c": "é"}}, {"a": 1, "b": null}]', "a.json", ReadOptions(sample_values=3))
    assert run.table is not None
    assert [column.samples for column in run.table.columns] == [("1",), ('{"c": "é"}',)]


def test_half_a_surrogate_pair_can_be_stored() -> None:
    run = read('[{"\\ud800": "\\ud800", "a": {"\\udc00": 1}}]', "a.json", ReadOptions(sample_values=1))
    assert run.table is not None
    for column in run.table.columns:
        (column.name + column.type + "".join(column.samples)).encode()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
objects = st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3), max_size=6)


@given(objects, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 9))
def test_counting_in_pieces_counts_what_was_written(
    rows: list[dict], indent: int | None, array: bool, size: int
) -> None:
    text = json.dumps(rows, indent=indent) if array else "\n".join(json.dumps(row, indent=indent) for row in rows)
    counter = ValueCounter()
    for at in range(0, len(text), size):
        counter.take(text[at : at + size])
    assert counter.finish() == len(rows)


@given(objects, st.integers(1, 9))
def test_counting_lines_in_pieces(rows: list[dict], size: int) -> None:
    text = "\n".join(map(json.dumps, rows))
    counter, shape = LineCounter(RowShape()), RowShape()
    for at in range(0, len(text), size):
        counter.take(text[at : at + size])
    assert (counter.finish(), counter.lines, counter.broken) == (len(rows), len(rows), 0)
    for row in rows:
        shape.add(row)
    assert str(counter.shape.type()) == str(shape.type())


@given(st.dictionaries(st.text(max_size=3), values, min_size=1), st.integers(0, 200), st.sampled_from([None, 1]))
def test_any_beginning_of_an_object_is_read(row: dict, cut: int, indent: int | None) -> None:
    text = json.dumps(row, indent=indent)
    beginning = text[: 1 + cut % len(text)]
    parsed = parse_rows(beginning, whole=False)
    assert parsed.layout is not Layout.ARRAY
    assert all(set(found) <= set(row) for found in parsed.rows)
