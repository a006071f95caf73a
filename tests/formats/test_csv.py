import csv
import io
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog import CountSource, TypeSource
from core.csv_options import CsvOptions
from core.errors import Fault, FileError
from core.formats.base import ReadOptions
from core.formats.delimited import RowCounter, Syntax, read_rows
from core.formats.dialect import find_dialect
from core.formats.kinds import ColumnKinds
from core.formats.values import column_type
from tests.formats.driver import EXACT, read

PLAIN = "id,name,price\n1,ann,1.5\n2,bob,2\n3,cid,\n"
SMALL_SAMPLE = ReadOptions(sample_bytes=10_000)


def long_text(rows: int) -> str:
    chance = random.Random(7)
    lines = (f'{i},"name, {chance.random()}\n of {i}",{chance.random()}\n' for i in range(rows))
    return "id,name,price\n" + "".join(lines)


def test_a_small_file_says_names_types_and_exact_rows() -> None:
    run = read(PLAIN, "a.csv")
    assert run.types == {"id": "bigint", "name": "string", "price": "double"}
    assert run.table is not None
    assert (run.rows, run.table.row_count_source) == (3, CountSource.COUNTED)
    assert all(column.nullable and column.type_source is TypeSource.INFERRED for column in run.table.columns)
    assert run.spans == [(0, len(PLAIN))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", ":", " "])
def test_delimiters(delimiter: str) -> None:
    run = read(PLAIN.replace(",", delimiter), "a.csv")
    assert (run.names, run.rows, run.file_type) == (["id", "name", "price"], 3, "csv")


@pytest.mark.parametrize("quote", ['"', "'"])
def test_quoted_fields_hold_delimiters_line_ends_and_doubled_quotes(quote: str) -> None:
    text = f"a,b\n1,{quote}x,{quote}{quote}y{quote}{quote}\nz{quote}\n2,{quote}w,v{quote}\n"
    run = read(text, "a.csv", ReadOptions(sample_values=5))
    assert (run.types, run.rows) == ({"a": "bigint", "b": "string"}, 2)
    assert run.table is not None
    assert run.table.columns[1].samples == (f"x,{quote}y{quote}\nz", "w,v")


def test_a_quote_may_come_after_a_backslash() -> None:
    dialect = find_dialect('a|b\n1|"x \\"y\\" | z"\n2|"w | v"\n')
    assert dialect is not None
    assert (dialect.syntax.escape, dialect.width) == ("\\", 2)


def test_an_inch_mark_opens_no_field() -> None:
    run = read('size;name\n1;"3 inch\n2;5" pipe\n3;"4 inch\n4;x\n', "a.csv")
    assert (run.names, run.rows) == (["size", "name"], 4)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16", b""),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("cp1252", b""),
    ],
)
def test_encodings(encoding: str, mark: bytes) -> None:
    run = read(mark + "größe,ort\n1,Köln\n2,Zürich\n".encode(encoding), "a.csv", ReadOptions(sample_values=1))
    assert run.types == {"größe": "bigint", "ort": "string"}
    assert run.table is not None
    assert run.table.columns[1].samples == ("Köln",)


def test_a_zero_byte_in_a_csv_is_a_character() -> None:
    assert read(b"a|b\n1|x\0y\n2|z\n", "a.csv").types == {"a": "bigint", "b": "string"}


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "-2", "+3"], "bigint"),
        (["007", "1"], "string"),
        (["9223372036854775807"], "bigint"),
        (["9223372036854775808"], "string"),
        (["1", "2.5", "1e3", ".5"], "double"),
        (["true", "FALSE"], "boolean"),
        (["2024-02-29", ""], "date"),
        (["2024-02-30"], "string"),
        (["2024-01-01 10:00:00", "2024-01-01T10:00"], "timestamp_ntz"),
        (["2024-01-01T10:00:00Z", "2024-01-01 10:00:00.5+02:00"], "timestamp"),
        (["10:15", "23:59:59.5"], "time"),
        (["1", "x"], "string"),
        (["", "NULL"], "void"),
        (["١٢"], "string"),
        (["12/31/2024", "1/2/2024"], "date"),
        (["31/12/2024", "1/2/2024"], "date"),
        (["1/2/2024", "3/4/2024"], "string"),
        (["12/31/2024", "31/12/2024"], "string"),
        (["1.2.2024", "31.12.2024"], "date"),
        (["2024/12/31", "2024.12.31"], "string"),
        (["2024/12/31", "1/2/2024"], "string"),
        (["31-12-2024", "2024-12-31"], "string"),
        (["31/04/2024"], "string"),
    ],
)
def test_types(values: list[str], type_: str) -> None:
    text = "id;value\n" + "".join(f"{at};{value}\n" for at, value in enumerate(values))
    assert read(text, "a.csv").types["value"] == type_


QUARTERS = ["Q1 plan", "Q1 got", "Q2 plan", "Q2 got"]


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("1,x\n2,y\n", ["column0", "column1"], 2),
        ("name,city\nann,rome\nbob,oslo\n", ["name", "city"], 2),
        ("ann,rome\nbob,rome\nann,oslo\n", ["column0", "column1"], 3),
        ("a,b,a\n1,2,3\n", ["a", "b", "a_1"], 1),
        ("a,b,a,a_1\n1,2,3,4\n", ["a", "b", "a_1", "a_1_1"], 1),
        ("a,,c\n1,2,3\n", ["a", "column1", "c"], 1),
        ("id,2020,2021\nx,1,2\n", ["column0", "column1", "column2"], 2),
        ("a, b\n1,2\n", ["a", " b"], 1),
        (",".join("123456789012") + "\n", [f"column{at:02}" for at in range(12)], 1),
        ("only,a,header\n", ["only", "a", "header"], 0),
        ("1/2/2024,ann\n13/2/2024,bob\n", ["column0", "column1"], 2),
        ("a,b\n1,x,\n2,y,\n", ["a", "b", "column2"], 2),
        (",Q1,,Q2,\nregion,plan,got,plan,got\nn,1,2,3,4\ns,5,6,7,8\n", ["region", *QUARTERS], 2),
        ("day,n,x\n,kg,m/s\n1,2,3\n4,5,6\n", ["day", "n kg", "x m/s"], 2),
        ("day,n,x\nmonday,kg,m/s\na,2,3\nb,5,6\n", ["day", "n", "x"], 3),
        ("n,x\n-,-\n1,2\n3,4\n", ["n", "x"], 3),
    ],
)
def test_headers(text: str, names: list[str], rows: int) -> None:
    run = read(text, "a.csv")
    assert (run.names, run.rows) == (names, rows)


def test_lines_before_the_table_are_skipped() -> None:
    run = read("Report of 2024\n\nall numbers in EUR\n" + PLAIN, "a.csv")
    assert (run.names, run.rows) == (["id", "name", "price"], 3)


def test_comments_are_no_rows() -> None:
    run = read("# made by hand\nid;n\n1;2\n# not this;one\n# nor this\n3;4\n", "a.csv")
    assert (run.types, run.rows) == ({"id": "bigint", "n": "bigint"}, 2)


def test_one_column_is_a_table_only_when_the_name_says_so() -> None:
    assert read("name\nann\nbob\n", "a.csv").names == ["name"]
    assert read("name\nann\nbob\n", "a.txt").file_type is None
    assert read("10:15\n10:20\n11:00\n", "a.csv").types == {"column0": "time"}
    assert read('"1,000"\n"2,000"\n', "a.csv", ReadOptions(sample_values=1)).names == ["1,000"]


def test_a_blank_file_is_an_error() -> None:
    with pytest.raises(FileError) as caught:
        read(" \n\n", "a.csv")
    assert caught.value.fault is Fault.EMPTY


def test_rows_of_another_width_are_told() -> None:
    run = read("a,b\n1,2\n1\n1,2,3\n4,5\n6,7\n8,9\n", "a.csv")
    assert run.table is not None
    assert run.table.warnings == ("2 of 6 sampled rows do not have 2 fields",)


def test_a_large_file_takes_one_range_and_estimates_its_rows() -> None:
    text = long_text(20_000)
    run = read(text, "a.csv", ReadOptions(sample_bytes=100_000))
    assert run.spans == [(0, 100_000)]
    assert run.table is not None
    assert run.table.row_count_source is CountSource.ESTIMATED
    assert run.rows == pytest.approx(20_000, rel=0.05)


def test_a_large_file_is_counted_exactly_when_asked_for() -> None:
    text = long_text(20_000)
    run = read(text, "a.csv", ReadOptions(row_counts="exact", sample_bytes=100_000))
    assert run.table is not None
    assert (run.rows, run.table.row_count_source) == (20_000, CountSource.COUNTED)


def test_rows_are_not_told_when_nobody_asked() -> None:
    assert read(PLAIN, "a.csv", ReadOptions(row_counts="none")).rows is None


def test_the_cut_last_line_of_a_sample_is_left_out() -> None:
    rows = "".join(f"{i},word{i}x\n" for i in range(2000))
    run = read("a,b\n" + rows + "oops", "a.csv", ReadOptions(sample_bytes=len(rows), sample_values=9999))
    assert run.table is not None
    assert all(sample.endswith("x") for sample in run.table.columns[1].samples)


def test_samples_are_distinct_and_not_empty() -> None:
    run = read("a,b\n1,x\n2,\n3,x\n4,y\n5,z\n", "a.csv", ReadOptions(sample_values=2))
    assert run.table is not None
    assert run.table.columns[1].samples == ("x", "y")
    assert read(PLAIN, "a.csv").table.columns[0].samples == ()  # type: ignore[union-attr]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)
tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12)
)


@given(tables, st.sampled_from(",;\t|"), st.sampled_from("\"'"), st.lists(st.integers(1, 30), min_size=1))
def test_rows_come_back_as_written_and_counting_agrees(
    table: list[list[str]], delimiter: str, quote: str, sizes: list[int]
) -> None:
    sink = io.StringIO(newline="")
    csv.writer(sink, delimiter=delimiter, quotechar=quote, lineterminator="\n").writerows(table)
    text, syntax = sink.getvalue(), Syntax(delimiter, quote)
    assert read_rows(text, syntax) == table
    counter, at = RowCounter(syntax), 0
    while at < len(text):
        size = sizes[at % len(sizes)]
        counter.take(text[at : at + size])
        at += size
    assert counter.finish() == len(table)


@given(st.text(st.sampled_from("a1 ,;\"'\\#\n\t"), max_size=60), st.integers(1, 20))
def test_counting_in_pieces_counts_what_is_read_at_once(text: str, size: int) -> None:
    for syntax in (Syntax(",", '"'), Syntax(";", "'"), Syntax("\t", ""), Syntax(",", '"', comment="#"), Syntax("", "")):
        counter = RowCounter(syntax)
        for at in range(0, len(text), size):
            counter.take(text[at : at + size])
        assert counter.finish() == len(read_rows(text, syntax)), syntax


kinds = st.sampled_from(
    ["7", "-1", "08", "2.5", "", "x", "9" * 19, "2024-01-31", "1/2/2024", "13/2/2024", "1\n2", "true"]
)


@given(st.lists(st.tuples(kinds, kinds), min_size=1, max_size=30), st.integers(1, 40), st.integers(0, 2))
def test_types_of_rows_in_pieces_are_those_of_all_rows(rows: list[tuple[str, str]], size: int, skipped: int) -> None:
    sink = io.StringIO(newline="")
    csv.writer(sink, lineterminator="\n").writerows(rows)
    text = sink.getvalue()
    seen = ColumnKinds(2, decimal_comma=False, skipped=skipped)
    counter = RowCounter(Syntax(",", '"'), seen)
    for at in range(0, len(text), size):
        counter.take(text[at : at + size])
    assert counter.finish() == len(rows)
    assert seen.types == [column_type(column) for column in list(zip(*rows[skipped:], strict=True)) or [[], []]]


@given(
    st.binary(max_size=200), st.sampled_from(["a.csv", "a.json", "a.parquet", "a", "a.txt", "a.csv.gz", "a.json.zst"])
)
def test_no_bytes_break_a_reader(data: bytes, key: str) -> None:
    for options in (SMALL_SAMPLE, EXACT, ReadOptions(sample_bytes=50, row_counts="exact", sample_values=3)):
        try:
            read(data, key, options)
        except FileError as error:
            assert error.message


@pytest.mark.parametrize(
    ("text", "told", "names", "rows"),
    [
        ("a,b|c\n1,2|3\n4,5|6\n", {"delimiter": "|"}, ["a,b", "c"], 2),
        ("1|2\n3|4\n", {"header": True}, ["1", "2"], 1),
        ("id,name\nann,bob\n", {"header": False}, ["column0", "column1"], 2),
        ("x,y\nkg,m\n1,2\n", {"header": 2}, ["x kg", "y m"], 1),
        ("made,by\nhand,on\nid,name\n1,ann\n", {"skip": 2, "header": True}, ["id", "name"], 1),
        ("%x\nid;n\n1;2\n%y\n3;4\n", {"comment": "%"}, ["id", "n"], 2),
        ("#1;n\n#2;a\n#3;b\n", {"comment": "", "header": True}, ["#1", "n"], 2),
        ("a;b\n'x;y';2\n'z;w';3\n", {"quote": '"', "delimiter": ";"}, ["column0", "column1", "column2"], 2),
        ("one\ntwo\n", {"delimiter": ";", "header": True}, ["one"], 1),
    ],
)
def test_what_the_payload_says_is_taken_as_it_is(text: str, told: dict[str, Any], names: list[str], rows: int) -> None:
    run = read(text, "a.csv", ReadOptions(csv=CsvOptions(**told)))
    assert (run.names, run.rows) == (names, rows)
    assert run.table is not None
    assert set(dict(run.table.properties)["csv.given"].split(", ")) == set(told)


def test_encoding_and_decimal_mark_as_given() -> None:
    data = "nom;prix\né;1,5\n".encode("cp850")
    options = ReadOptions(sample_values=1, csv=CsvOptions(encoding="cp850", decimal="."))
    run = read(data, "a.csv", options)
    assert run.table is not None
    assert (run.table.columns[0].samples, run.types["prix"]) == (("é",), "string")
    assert read(data, "a.csv").types["prix"] == "double"


def test_how_a_file_is_written_is_told() -> None:
    run = read("# made by hand\nid\tname\n1\tann\n2\tbob\n", "a.csv")
    assert run.table is not None
    told = dict(run.table.properties)
    assert float(told.pop("csv.confidence")) > 0.5
    assert told == {
        "csv.delimiter": "tab",
        "csv.quote": '"',
        "csv.comment": "#",
        "csv.encoding": "utf-8",
        "csv.header": "1 row",
    }
