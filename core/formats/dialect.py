"""How a delimited text file is written: delimiter, quote, header, lines before it."""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass

from core.formats.values import NULLS, column_type

# How likely each delimiter is before looking; text is full of spaces, and times of colons.
_DELIMITERS = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 0.98, "^": 0.9, "~": 0.8, ":": 0.45, " ": 0.35}
_QUOTES = {'"': 1.0, "'": 0.9}
_LOOK_AT = 300
_COMMENTS = ("#", "//", "--")
_MAX_FIELD = 1 << 30


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written.

    `skipped` lines or rows stand before the header (or the first row); `width` is the number of
    columns; `confidence` is between 0 and 1.
    """

    delimiter: str
    quote: str
    skipped: int
    header: bool
    width: int
    confidence: float


Rows = list[list[str]]


def read_rows(text: str, delimiter: str, quote: str, limit: int | None = None) -> Rows:
    """The rows of a text, blank lines left out."""
    csv.field_size_limit(_MAX_FIELD)
    found: Rows = []
    lines = iter(text.split("\n"))
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, quotechar=quote, skipinitialspace=False)
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                found.append(row)
                if limit is not None and len(found) >= limit:
                    break
    except csv.Error:
        pass
    return found


def find_dialect(text: str) -> Dialect | None:
    """The dialect that makes the most regular table of a text, or None when it has no lines.

    Judged by how many rows have the usual number of fields, how many fields that is, and how many
    columns then hold values of one type other than text.
    """
    beginning = _beginning(text)
    best: tuple[float, str, str, Rows] | None = None
    for delimiter, likely in _DELIMITERS.items():
        if delimiter not in beginning:
            continue
        for quote, usual in _QUOTES.items():
            if quote != '"' and quote not in beginning:
                continue
            rows = read_rows(beginning, delimiter, quote, _LOOK_AT)
            score = likely * usual * _regularity(rows)
            if best is None or score > best[0] + 1e-9:
                best = (score, delimiter, quote, rows)
    if best is None or best[0] <= 0.05:
        rows = read_rows(beginning, ",", '"', _LOOK_AT)
        rows = [[",".join(row)] for row in rows]
        best = (0.3, ",", '"', rows)
    if not best[3]:
        return None
    return _with_header(*best)


def _beginning(text: str) -> str:
    """About the first rows: enough lines even when quoted fields hold line ends."""
    at = -1
    for _ in range(4 * _LOOK_AT):
        at = text.find("\n", at + 1)
        if at < 0:
            return text
    return text[:at]


def _body(rows: Rows) -> tuple[int, int]:
    """The usual number of fields, and how many rows stand before the first that has them."""
    widths = Counter(len(row) for row in rows)
    most = max(widths.values())
    # Among equally usual widths the wider one: a preamble is narrow.
    width = max((w for w, n in widths.items() if n == most), default=1)
    if width == 1 and len(widths) > 1:
        others = {w: n for w, n in widths.items() if w > 1}
        wider = max(others, key=lambda w: others[w])
        if others[wider] >= max(2, most // 3):
            width = wider
    first = next(at for at, row in enumerate(rows) if len(row) == width)
    return width, first


def _regularity(rows: Rows) -> float:
    if not rows:
        return 0.0
    width, first = _body(rows)
    if width < 2:
        return 0.0
    body = rows[first:]
    regular = sum(len(row) == width for row in body) / len(body)
    preamble = 1.0 - 0.5 * first / len(rows)
    typed = sum(
        column_type({row[at] for row in body[1:50] if len(row) > at}, decimal_comma=True) != "string"
        for at in range(min(width, 50))
    ) / min(width, 50)
    return regular**2 * preamble * (0.6 + 0.4 * typed) * min(1.0, 0.55 + 0.2 * math.log2(width))


def _with_header(score: float, delimiter: str, quote: str, rows: Rows) -> Dialect:
    width, first = _body(rows)
    while first < len(rows) - 1 and rows[first][0].lstrip().startswith(_COMMENTS) and width == 1:
        first += 1
    # A header may be shorter or longer than its rows by a stray field.
    header_row = rows[first]
    header = _is_header(header_row, [row for row in rows[first + 1 :] if len(row) == width])
    return Dialect(delimiter, quote, first, header, width, round(min(1.0, score), 2))


def _is_header(row: list[str], body: Rows) -> bool:
    """Whether a row names the columns: all text, no repeats, and unlike what is below it."""
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell]
    if not named or len(named) * 2 < len(cells) or all(cell in NULLS for cell in cells):
        return False
    kinds = [column_type([cell]) for cell in named]
    if any(kind != "string" for kind in kinds):
        # Years or numbers as names are possible, but then something must be text above numbers.
        texts_over_values = sum(
            kind == "string" and column_type({r[at] for r in body if len(r) > at}) not in ("string", "void")
            for at, kind in enumerate(column_type([cell]) for cell in cells)
        )
        values = sum(kind not in ("string", "void") for kind in kinds)
        return texts_over_values > values
    if not body:
        return all(len(cell) <= 128 for cell in named)
    below = [column_type({r[at] for r in body if len(r) > at}) for at in range(len(cells))]
    if any(kind not in ("string", "void") for kind in below):
        return True
    if len(set(named)) < len(named):
        return False
    # All is text: a value that comes again below is a value, not a name.
    repeats = sum(any(len(r) > at and r[at].strip() == cell for r in body) for at, cell in enumerate(cells) if cell)
    return repeats == 0
