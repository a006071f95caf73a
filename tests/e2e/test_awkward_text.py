"""Text files as people really write them, through the whole extraction of a folder."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline import Ran, run

PLAIN = "id,name,price\n1,ann,1.5\n2,bob,2\n3,cid,\n"
PLAIN_TYPES = {"id": "bigint", "name": "string", "price": "double"}
UMLAUTS = "größe;ort;preis\n1;Köln;1,5\n2;Zürich;2,25\n3;Nürnberg;1.003,5\n"
UMLAUT_TYPES = {"größe": "bigint", "ort": "string", "preis": "double"}


def extract(folder: Path, data: str | bytes, name: str = "t.csv", **options: Any) -> Ran:
    """Extract a folder that holds one file."""
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return run(folder, **options)


def only(ran: Ran) -> dict[str, Any]:
    """The row of the only table; there must be no fault."""
    assert ran.extraction.failures == ()
    [table] = ran.rows["tables"]
    return table


def types(ran: Ran) -> dict[str, str]:
    """The names and types of the only table, in order."""
    return ran.types(only(ran)["table_name"])


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", b""),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("latin-1", b""),
        ("cp1252", b""),
    ],
)
def test_encodings_with_semicolons_and_decimal_commas(tmp_path: Path, encoding: str, mark: bytes) -> None:
    ran = extract(tmp_path, mark + UMLAUTS.encode(encoding), sample_values=3)
    assert types(ran) == UMLAUT_TYPES
    assert ran.columns("t")[1]["sample_values"] == ["Köln", "Zürich", "Nürnberg"]
    assert (only(ran)["row_count"], only(ran)["warnings"]) == (3, [])


def test_text_of_other_alphabets_is_utf_16_too(tmp_path: Path) -> None:
    text = "город;число\nМосква;1\nСанкт-Петербург;2\n"
    assert types(extract(tmp_path, text.encode("utf-16-le"))) == {"город": "string", "число": "bigint"}


@pytest.mark.parametrize("delimiter", [",", ";", "|", "^", "\t", "~"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    ran = extract(tmp_path, PLAIN.replace(",", delimiter), "t.txt")
    assert (types(ran), only(ran)["row_count"], only(ran)["file_type"]) == (PLAIN_TYPES, 3, "csv")


@pytest.mark.parametrize(
    "before", ["# made by hand\n# in 2024, of course\n", "Sales report\n\nall prices in EUR\n", "Report;of;2024\n"]
)
def test_comments_and_free_lines_stand_before_a_table(tmp_path: Path, before: str) -> None:
    ran = extract(tmp_path, before + PLAIN)
    assert (types(ran), only(ran)["row_count"]) == (PLAIN_TYPES, 3)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("1,x,2.5\n2,y,3\n", ["column0", "column1", "column2"], 2),
        ("01/02/2024,ann\n13/02/2024,bob\n14/02/2024,cid\n", ["column0", "column1"], 3),
        ("a,b,a,\n1,2,3,4\n", ["a", "b", "a_1", "column3"], 1),
        ("day,temp,wind\n,degC,m/s\n2024-01-01,1.5,3\n2024-01-02,2,4\n", ["day", "temp degC", "wind m/s"], 2),
        ("id,name\n", ["id", "name"], 0),
        ("a,b,c\n1,2,3,\n4,5,6,\n", ["a", "b", "c", "column3"], 2),
    ],
    ids=["none", "none over dates", "twice and empty", "two rows", "nothing else", "a delimiter short"],
)
def test_headers(tmp_path: Path, text: str, names: list[str], rows: int) -> None:
    ran = extract(tmp_path, text)
    assert (list(types(ran)), only(ran)["row_count"]) == (names, rows)


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["007", "1", "2"], "string"),
        (["1", "9223372036854775808"], "string"),
        (["31.12.2024", "1.2.2024", "03.04.2024"], "date"),
        (["12/31/2024", "01/02/2024", "1/3/2024"], "date"),
        (["31/12/2024", "01/02/2024", "1/3/2024"], "date"),
        (["31-12-2024", "01-02-2024"], "date"),
        (["2024/12/31", "2024/01/02"], "date"),
        (["01/02/2024", "03/04/2024"], "string"),
        (["12/31/2024", "31/12/2024"], "string"),
        (["31.12.2024", "12/31/2024"], "string"),
        (["30.02.2024", "31.12.2024"], "string"),
        (["31.12.24", "01.02.24"], "string"),
    ],
)
def test_types_are_only_what_every_value_says(tmp_path: Path, values: list[str], type_: str) -> None:
    text = "id;value\n" + "".join(f"{at};{value}\n" for at, value in enumerate(values))
    assert types(extract(tmp_path, text)) == {"id": "bigint", "value": type_}


MIXED_LATE = "id,value\n" + "".join(f"{at},{at}\n" for at in range(30_000)) + "30000,n.v.\n30001,1.5\n"


def test_text_late_in_a_column_of_numbers(tmp_path: Path) -> None:
    ran = extract(tmp_path, MIXED_LATE)
    assert types(ran) == {"id": "bigint", "value": "string"}
    assert (only(ran)["row_count"], only(ran)["row_count_source"], only(ran)["warnings"]) == (30_002, "counted", [])


def test_text_beyond_the_sample_is_warned_of_or_found_when_all_rows_are_counted(tmp_path: Path) -> None:
    sampled = extract(tmp_path, MIXED_LATE, sample_bytes=50_000)
    assert types(sampled) == {"id": "bigint", "value": "bigint"}
    assert only(sampled)["row_count_source"] == "estimated"
    assert only(sampled)["warnings"] == ["its types are those of its first 50.0 KB"]
    counted = extract(tmp_path, MIXED_LATE, sample_bytes=50_000, row_counts="exact")
    assert types(counted) == {"id": "bigint", "value": "string"}
    assert (only(counted)["row_count"], only(counted)["warnings"]) == (30_002, [])


def test_ragged_rows_are_counted_and_told(tmp_path: Path) -> None:
    ran = extract(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8,9\n1,2,3\n1,2,3\n1,2,3\n")
    assert types(ran) == {"a": "bigint", "b": "bigint", "c": "bigint"}
    assert (only(ran)["row_count"], only(ran)["warnings"]) == (6, ["2 of 6 sampled rows do not have 3 fields"])


def test_quotes_hold_line_ends_delimiters_and_doubled_quotes(tmp_path: Path) -> None:
    text = 'id,note\n1,"two\nlines, and ""more"""\n2,"three\n\nlines"\n3,plain\n'
    ran = extract(tmp_path, text, sample_values=1)
    assert (types(ran), only(ran)["row_count"]) == ({"id": "bigint", "note": "string"}, 3)
    assert ran.columns("t")[1]["sample_values"] == ['two\nlines, and "more"']


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv.gz", PLAIN.encode()),
        ("t.gz", PLAIN.encode()),
        ("t", gzip.compress(PLAIN.encode())),
        ("t.csv", gzip.compress(PLAIN.encode())),
        ("t", PLAIN.encode()),
        ("t.parquet", PLAIN.encode()),
    ],
    ids=["plain as .csv.gz", "plain as .gz", "gz without suffix", "gz as .csv", "no suffix", "csv as .parquet"],
)
def test_bytes_decide_not_names(tmp_path: Path, name: str, data: bytes) -> None:
    ran = extract(tmp_path, data, name)
    assert (types(ran), only(ran)["row_count"], only(ran)["file_type"]) == (PLAIN_TYPES, 3, "csv")
    assert only(ran)["table_name"] == "t"


JSON_TYPES = {"id": "bigint", "at": "struct<x:double>", "late": "boolean"}


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["", "BOM"])
@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1, "at": {"x": 1}}, {"id": 2, "at": {"x": 1.5}, "late": true}]',
        '[\n  {\n    "id": 1,\n    "at": {"x": 1}\n  },\n  {"id": 2, "at": {"x": 1.5}, "late": true}\n]\n',
        '{"id": 1, "at": {"x": 1}}\n{"id": 2, "at": {"x": 1.5}, "late": true}\n',
        '{\n "id": 1,\n "at": {"x": 1}\n}\n{\n "id": 2, "at": {"x": 1.5}, "late": true\n}\n',
    ],
    ids=["array", "pretty", "lines", "pretty, one after the other"],
)
def test_json_layouts(tmp_path: Path, text: str, mark: bytes) -> None:
    ran = extract(tmp_path, mark + text.encode(), "t.json")
    assert (types(ran), only(ran)["row_count"], only(ran)["warnings"]) == (JSON_TYPES, 2, [])


def test_a_few_broken_lines_are_counted_and_told(tmp_path: Path) -> None:
    lines = [f'{{"id": {at}}}' for at in range(20)]
    lines[7:9] = ['{"id": ', "oops"]
    ran = extract(tmp_path, "\n".join(lines), "t.ndjson")
    assert (types(ran), only(ran)["row_count"]) == ({"id": "bigint"}, 18)
    assert only(ran)["warnings"] == ["2 of 20 lines are not JSON"]


@pytest.mark.parametrize("exact", ["metadata", "exact"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1}\n{"a": 2}TRAILER\n{"a": 3}\n', "1 of 3 lines is not JSON"),
        ('{"id": 1}\n{"id": "x}\n{"id": 3}\n{"id": \n', "2 of 4 lines are not JSON"),
        ('[{"id": 1}, {"id": ', "it is not valid JSON"),
        ('{"id": 1, "in": {', "it is not valid JSON"),
    ],
    ids=["trailer", "quotes", "array cut off", "object cut off"],
)
def test_json_that_is_broken_is_failed_with_a_reason(tmp_path: Path, text: str, reason: str, exact: str) -> None:
    (tmp_path / "good.csv").write_text(PLAIN)
    ran = extract(tmp_path, text, "bad.json", row_counts=exact)
    assert (ran.files["bad.json"]["status"], ran.files["bad.json"]["table_name"]) == ("failed", None)
    assert reason in ran.files["bad.json"]["error"]
    assert list(ran.tables) == ["good"]


def test_json_fields_beyond_the_sample_are_warned_of_or_found_when_all_rows_are_counted(tmp_path: Path) -> None:
    text = '{"id": 1}\n' * 50_000 + '{"id": "x", "late": 1}\n'
    sampled = extract(tmp_path, text, "t.ndjson", sample_bytes=20_000)
    assert types(sampled) == {"id": "bigint"}
    assert only(sampled)["warnings"] == ["its types are those of its first 20.0 KB"]
    counted = extract(tmp_path, text, "t.ndjson", sample_bytes=20_000, row_counts="exact")
    assert types(counted) == {"id": "string", "late": "bigint"}
    assert (only(counted)["row_count"], only(counted)["warnings"]) == (50_001, [])


def test_json_values_of_mixed_types_nan_and_nesting(tmp_path: Path) -> None:
    text = """[{"mixed": 1, "real": NaN, "deep": [{"a": {"b": [1]}}], "none": null},
        {"mixed": "x", "real": -Infinity, "deep": [], "none": null}, {"mixed": {"y": 1}, "real": 1}]"""
    assert types(extract(tmp_path, text, "t.json")) == {
        "mixed": "string",
        "real": "double",
        "deep": "array<struct<a:struct<b:array<bigint>>>>",
        "none": "void",
    }
