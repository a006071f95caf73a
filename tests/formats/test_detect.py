import gzip
import json

import pytest

from core.formats.base import Opened, ReadOptions
from core.formats.detect import first_span, unread_type
from tests.formats.driver import read

CSV = "a,b\n1,x\n2,y\n3,z\n"
JSON = json.dumps([{"a": 1}, {"a": 2}])


@pytest.mark.parametrize(
    ("key", "size", "span"),
    [
        ("a.parquet", 60_000, (0, 60_000)),
        ("a.parquet", 1 << 30, ((1 << 30) - (64 << 10), 1 << 30)),
        ("a.csv", 1 << 30, (0, 1 << 20)),
        ("a.csv", 500_000, (0, 500_000)),
        ("A.CSV.GZ", 1 << 30, (0, 1 << 20)),
        ("a.ndjson.zst", 1 << 30, (0, 1 << 20)),
        ("a.tsv.bz2", 1 << 30, (0, 1 << 20)),
        ("a.bin", 1 << 30, (0, 64 << 10)),
        ("a", 1 << 30, (0, 64 << 10)),
    ],
)
def test_the_first_range_is_where_the_schema_is_likely(key: str, size: int, span: tuple[int, int]) -> None:
    assert first_span(key, size, ReadOptions()) == span


@pytest.mark.parametrize("key", ["data", "a.bin", "a.txt", "a.csv"])
def test_delimited_text_is_found_by_content(key: str) -> None:
    assert read(CSV, key).file_type == "csv"


@pytest.mark.parametrize("key", ["data", "a.bin", "a.txt", "a.csv", "a.json"])
def test_json_is_found_by_content(key: str) -> None:
    assert read(JSON, key).file_type == "json"


def test_compressed_text_is_found_by_content() -> None:
    assert read(gzip.compress(CSV.encode()), "data").file_type == "csv"
    assert read(gzip.compress(JSON.encode()), "data.csv").file_type == "json"


@pytest.mark.parametrize(
    ("magic", "key", "name"),
    [
        (b"PK\x03\x04", "a.csv", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.csv", "ole"),
        (b"\x89PNG\r\n\x1a\n", "a.csv", "png"),
    ],
)
def test_what_is_known_but_not_read_is_never_text(magic: bytes, key: str, name: str) -> None:
    data = magic + b",1,2,3\n" * 20
    assert read(data, key).file_type is None
    assert unread_type(Opened(key, len(data), data, data)) == name


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (bytes(range(256)) * 10, "data"),
        (b"\0\x01\x02,\0\x03\n" * 50, "data"),
        (b"hello there\nthis is some prose\nand more of it.\n", "data"),
        (b"2024-01-01 10:00:00 started\n2024-01-01 10:00:05 stopped at once\n", "app.log"),
        (b"import os\n\nprint(os.environ, 1)\nprint(2, 3)\n", "a.py"),
        (b"# Title\n\n- one, two\n- three, four\n", "README.md"),
        (b"<a><b>1,2</b></a>\n<c>3,4</c>\n", "data"),
        (b"#!/bin/sh\necho a,b\necho c,d\n", "run"),
        (b"\n\n", "data"),
    ],
    ids=["bytes", "zeros", "prose", "log", "code", "markdown", "xml", "script", "blank"],
)
def test_anything_else_is_unknown(data: bytes, key: str) -> None:
    assert read(data, key).file_type is None


def test_only_one_format_may_be_asked_for() -> None:
    assert read(CSV, "a.csv", ReadOptions(only="json")).file_type is None
    assert read(JSON, "a.csv", ReadOptions(only="json")).file_type == "json"
    assert read(CSV, "a.csv", ReadOptions(only="csv")).file_type == "csv"
