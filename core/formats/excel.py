"""Excel and OpenDocument workbooks, read by calamine: each sheet that holds anything is a table, so there may be none.

A workbook has no index of its own, so it is read whole; it must fit, packed and unpacked, into bounds.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from core.catalog import Column, CountSource, FileReading, TableReading, TypeSource
from core.errors import Fault, FileError, first_line
from core.formats.base import Opened, ReadOptions, Steps
from core.formats.headers import unique_names
from core.text import plural

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
# The stream that holds a workbook is called so since Excel 97, and before it.
_BOOKS = tuple(name.encode("utf-16-le") for name in ("Workbook", "Book\0"))
_LARGEST = 256 << 20
_LARGEST_UNPACKED = 1 << 30
_TITLE_ROWS = 10
_LOOK = 200
_LONGEST_NAME = 200
_ERRORS = frozenset({"#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!"})
# Larger whole numbers are no longer exact in a cell, which is a double.
_EXACT = 2**53

Cells = list[Any]


class Excel:
    """xlsx, xlsm, xlsb, xls and ods."""

    name = "excel"
    suffixes = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
    end: Literal["head"] = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        if head.startswith(_ZIP):
            return _ODS in head[:200] or b"xl/" in head[:4096] or b"xl/workbook" in tail
        return head.startswith(_OLE) and any(name in head or name in tail for name in _BOOKS)

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        if opened.size > _LARGEST:
            raise FileError(Fault.UNSUPPORTED, f"a workbook of more than {_LARGEST >> 20} MB is not read")
        rest = yield from opened.fetch(len(opened.head), opened.size)
        data = opened.head + rest
        if data.startswith(_ZIP):
            _check_size(data)
        tables = []
        for name, rows in _sheets(data):
            table = _table(name, rows, options)
            if table is not None:
                tables.append(table)
        return FileReading(self.name, tuple(tables))


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise FileError(Fault.CORRUPT, f"it is no whole archive: {error}") from error
    if unpacked > _LARGEST_UNPACKED:
        raise FileError(Fault.UNSUPPORTED, "it unpacks to more than 1 GB")


def _sheets(data: bytes) -> Iterable[tuple[str, list[Cells]]]:
    """Every worksheet with its rows, in order; a broken sheet breaks the file."""
    try:
        import python_calamine as calamine
    except ImportError as error:
        raise FileError(
            Fault.MISSING_DRIVER, "workbooks need calamine, which is not installed: pip install 'nuvyn[excel]'"
        ) from error
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            kinds = {sheet.name: sheet.typ for sheet in book.sheets_metadata}
            for name in book.sheet_names:
                if kinds.get(name) == calamine.SheetTypeEnum.WorkSheet:
                    yield name, list(book.get_sheet_by_name(name).iter_rows())
    except calamine.PasswordError as error:
        raise FileError(Fault.ENCRYPTED, "it is protected by a password") from error
    except (GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A panic of the library inside is no `Exception`.
        raise FileError(Fault.CORRUPT, f"it cannot be read: {first_line(error)}") from error


def _table(name: str, rows: Sequence[Cells], options: ReadOptions) -> TableReading | None:
    filled = [row for row in rows if any(_is_filled(cell) for cell in row)]
    if not filled:
        return None
    first = _first_row(filled)
    has_header = _is_header(filled[first], filled[first + 1 : first + _LOOK])
    body = filled[first + has_header :]
    width = max(len(row) for row in filled[first:])
    used = [at for at in range(width) if any(at < len(row) and _is_filled(row[at]) for row in filled[first:])]
    header = [_text(filled[first][at]) if has_header and at < len(filled[first]) else "" for at in used]
    names = unique_names(header, len(used))
    columns = tuple(
        _column(column, [row[at] for row in body if at < len(row)], options)
        for column, at in zip(names, used, strict=True)
    )
    count = None if options.row_counts == "none" else len(body)
    warnings = (f"{plural(first, 'row')} above the table left out",) if first else ()
    return TableReading(columns, count, CountSource.COUNTED if count is not None else None, name, warnings)


def _first_row(rows: Sequence[Cells]) -> int:
    """Where the table begins: after titles, which fill far fewer cells than the rows below."""
    counts = [sum(map(_is_filled, row)) for row in rows[:_LOOK]]
    usual = sorted(counts)[len(counts) // 2]
    for at, count in enumerate(counts[:_TITLE_ROWS]):
        if count * 2 > usual:
            return at
    return 0


def _is_header(row: Cells, below: Sequence[Cells]) -> bool:
    """Whether a row names the columns: distinct short texts, which the columns below don't repeat."""
    cells = [cell for cell in row if _is_filled(cell)]
    if not all(isinstance(cell, str) and len(cell) <= _LONGEST_NAME for cell in cells):
        return False
    if len(set(cells)) < len(cells):
        return False
    if not below:
        return len(cells) > 1
    repeated = sum(
        any(at < len(other) and other[at] == cell for other in below) for at, cell in enumerate(row) if _is_filled(cell)
    )
    return repeated * 2 <= len(cells)


def _column(name: str, cells: Sequence[Any], options: ReadOptions) -> Column:
    values = [cell for cell in cells if _is_filled(cell)]
    samples = list(dict.fromkeys(map(_text, values)))[: options.sample_values] if options.sample_values else []
    return Column(name, _type(values), True, "cell", TypeSource.INFERRED, tuple(samples))


def _type(values: Iterable[Any]) -> str:
    kinds = {_kind(value) for value in values}
    if kinds <= {"bigint", "double"} and kinds:
        return "double" if "double" in kinds else "bigint"
    if kinds == {"date", "timestamp_ntz"}:
        return "timestamp_ntz"
    if len(kinds) > 1:
        return "string"
    return kinds.pop() if kinds else "void"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "bigint" if float(value).is_integer() and abs(value) <= _EXACT else "double"
    for kind, name in ((datetime, "timestamp_ntz"), (date, "date"), (time, "time"), (timedelta, "interval")):
        if isinstance(value, kind):
            return name
    return "string"


def _is_filled(cell: Any) -> bool:
    return cell is not None and cell != "" and not (isinstance(cell, str) and (not cell.strip() or cell in _ERRORS))


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() if cell is not None else ""
