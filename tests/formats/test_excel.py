"""Workbooks: sheets as tables, headers found, types of cells; what cannot be read says why."""

from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog import FileReading
from core.errors import FileError
from core.formats import excel
from core.formats.base import Opened, ReadOptions
from core.formats.detect import detect, misnamed
from core.formats.excel import Excel


def book(**sheets: list[list[Any]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def read(data: bytes, options: ReadOptions | None = None) -> FileReading:
    opened = Opened("x.xlsx", len(data), data, data)
    assert isinstance(detect(opened, ReadOptions()), Excel)
    try:
        next(Excel().read(opened, options or ReadOptions()))
    except StopIteration as stop:
        found: FileReading = stop.value
        return found
    raise AssertionError("it asked for bytes that were there")


def columns(data: bytes, sheet: int = 0) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in read(data).tables[sheet].columns]


def test_each_sheet_that_holds_anything_is_a_table() -> None:
    data = book(
        Sales=[["id", "when", "total", "ok", "note"], [1, dt.datetime(2026, 1, 2, 3), 1.5, True, "x"]],
        Empty=[],
        Stock=[["sku", "count"], ["007", 5], ["008", None]],
    )
    found = read(data)
    assert [(table.part, table.row_count) for table in found.tables] == [("Sales", 1), ("Stock", 2)]
    assert columns(data) == [
        ("id", "bigint"),
        ("when", "timestamp_ntz"),
        ("total", "double"),
        ("ok", "boolean"),
        ("note", "string"),
    ]
    assert columns(data, 1) == [("sku", "string"), ("count", "bigint")]
    assert read(book(A=[], B=[])).tables == ()


def test_titles_above_the_table_and_empty_columns_beside_it_are_left_out() -> None:
    data = book(R=[["Report of 2026"], [], [None, "id", "name"], [None, 1, "a"], [None, 2, "b"], [None, 3, "c"]])
    assert columns(data) == [("id", "bigint"), ("name", "string")]
    [table] = read(data).tables
    assert table.row_count == 3 and "1 row above" in table.warnings[0]


def test_without_a_header_columns_are_numbered_and_no_row_is_lost() -> None:
    data = book(R=[[1, 2.5], [3, 4.5]])
    assert columns(data) == [("column0", "bigint"), ("column1", "double")]
    assert read(data).tables[0].row_count == 2


def test_mixed_cells_are_text_errors_are_nothing_and_names_are_made_unique() -> None:
    data = book(
        R=[["a", "b", "c", "d"], [1, "#N/A", dt.date(2026, 1, 1), None], ["x", 2, dt.datetime(2026, 1, 1, 5), None]]
    )
    assert columns(data) == [("a", "string"), ("b", "bigint"), ("c", "timestamp_ntz"), ("d", "void")]
    assert [name for name, _ in columns(book(R=[["n", None, "m"], [1, 2, 3]]))] == ["n", "column1", "m"]


def test_samples_are_kept_only_when_asked_for() -> None:
    data = book(R=[["a"], ["x"], ["y"], ["x"]])
    assert read(data).tables[0].columns[0].samples == ()
    assert read(data, ReadOptions(sample_values=2)).tables[0].columns[0].samples == ("x", "y")


def test_a_workbook_that_unpacks_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 100_000)
    monkeypatch.setattr(excel, "_LARGEST_UNPACKED", 50_000)
    with pytest.raises(FileError, match="unpacks to more"):
        read(sink.getvalue())


def test_without_calamine_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(FileError, match=r"nuvyn\[excel\]"):
        read(book(R=[["a"], [1]]))


def test_what_is_named_like_a_workbook_and_is_none_is_told() -> None:
    data = bytes(range(256)) * 4
    promised = {key: misnamed(Opened(key, len(data), data, data)) for key in ("x.xls", "x.parquet", "x.csv")}
    assert {key: found and found.name for key, found in promised.items()} == {
        "x.xls": "excel",
        "x.parquet": "parquet",
        "x.csv": None,
    }
    assert misnamed(Opened("x.parquet", 100, b"%PDF-1.7", b"")) is None


SEED = book(Sales=[["id", "name"], [1, "a"], [2, "b"]])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_cut_and_no_flipped_byte_breaks_the_reader(data: st.DataObject) -> None:
    raw = bytearray(SEED)
    for _ in range(data.draw(st.integers(0, 8))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    raw = raw[: data.draw(st.integers(5, len(raw)))]
    opened = Opened("x.xlsx", len(raw), bytes(raw), bytes(raw))
    try:
        next(Excel().read(opened, ReadOptions()))
    except (FileError, StopIteration):
        return
    raise AssertionError("it asked for bytes that were there")
