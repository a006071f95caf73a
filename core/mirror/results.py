"""A result as text and as files: CSV, JSON and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("csv", "json", "parquet")
_AT_ONCE = 10_000
# What a spreadsheet takes for the beginning of a formula.
FORMULA_MARKS = "=+-@\t\r"
_LINE_BREAKS = str.maketrans({"\t": "\\t", "\r": "\\r", "\n": "\\n"})


def format_of(path: Path) -> str:
    """The format that a file's suffix names.

    Raises:
        UsageError: it names none.
    """
    form = path.suffix.lstrip(".").lower()
    if form not in FORMATS:
        said = f"no such output format: {form}" if form else f"{path.name} has no suffix that names a format"
        raise UsageError(said, hint="end the name in .csv, .json or .parquet")
    return form


def text_of(value: Any) -> str:
    """A value as one writes it: nothing for NULL, lists and structs as JSON."""
    if value is None:
        return ""
    return json.dumps(value, default=_plain, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def cell_of(value: Any) -> str:
    """A value for a spreadsheet: a text that would be taken for a formula has an apostrophe before it.

    Names in a lake are anybody's, and a formula may send what stands beside it elsewhere
    (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    text = text_of(value)
    return f"'{text}" if isinstance(value, str) and text and text[0] in FORMULA_MARKS else text


def rows_of(table: pa.Table) -> Iterator[list[Any]]:
    """The rows one after the other, made a few thousand at a time."""
    for batch in table.to_batches(max_chunksize=_AT_ONCE):
        yield from (list(row) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))


def lines_of(table: pa.Table, *, names: bool) -> str:
    """Rows as lines with tabs between the values, as spreadsheets take them; what breaks a line is escaped."""
    found = ["\t".join(_in_line(cell_of(name)) for name in table.column_names)] if names else []
    found.extend("\t".join(_in_line(cell_of(value)) for value in row) for row in rows_of(table))
    return "\n".join(found)


def write_text(
    table: pa.Table, form: str, stream: IO[str], written: Callable[[int], object] = lambda rows: None
) -> None:
    """Write CSV or JSON; `written` is told the number of rows so far now and then."""
    if form == "csv":
        writer = csv.writer(stream)
        writer.writerow(map(cell_of, table.column_names))
        for at, row in enumerate(rows_of(table), 1):
            writer.writerow(map(cell_of, row))
            if at % _AT_ONCE == 0:
                written(at)
        return
    names = unlike(table.column_names)
    stream.write("[")
    for at, row in enumerate(rows_of(table), 1):
        said = json.dumps(dict(zip(names, row, strict=True)), default=_plain, ensure_ascii=False)
        stream.write(("\n" if at == 1 else ",\n") + said)
        if at % _AT_ONCE == 0:
            written(at)
    stream.write("\n]\n")


def write_file(table: pa.Table, path: Path, form: str, written: Callable[[int], object] = lambda rows: None) -> None:
    """Write a file of one of `FORMATS` in one move: a half one is never left at `path`.

    Raises:
        UsageError: it can't be written there.
    """
    # What is there but no file (a pipe, /dev/stdout) can't be replaced.
    part = path if path.exists() and not path.is_file() else path.with_name(path.name + ".part")
    try:
        if form == "parquet":
            import pyarrow.parquet as pq

            pq.write_table(table.rename_columns(unlike(table.column_names)), part, compression="zstd")
        else:
            with part.open("w", encoding="utf-8", newline="") as stream:
                write_text(table, form, stream, written)
        if part != path:
            part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}", hint="choose another place") from error
    finally:
        if part != path:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def unlike(names: Sequence[str]) -> list[str]:
    """The same names, those that came before with a number: `a`, `a_2`."""
    found: list[str] = []
    taken = set(names)
    for name in names:
        fresh, count = name, 2
        while fresh in found or (fresh != name and fresh in taken):
            fresh, count = f"{name}_{count}", count + 1
        found.append(fresh)
    return found


def _plain(value: Any) -> Any:
    """What JSON has no word for: whole decimals (DuckDB's integer sums) as numbers, the rest as text."""
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole else str(value)


def _in_line(text: str) -> str:
    return text.translate(_LINE_BREAKS)
