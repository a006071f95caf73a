"""How a delimited text file is written: delimiter, quote, header, lines before it."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from itertools import takewhile

from core.csv_options import CsvOptions
from core.formats.delimited import Rows, Syntax, quoted_fields, read_rows
from core.formats.headers import header_rows, is_header
from core.formats.values import column_type

# How likely each delimiter is before looking; text is full of spaces, and times of colons.
_DELIMITERS = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 0.98, "^": 0.9, "~": 0.8, ":": 0.45, " ": 0.35}
_WEAK = frozenset(": ")
_WEAK_ROWS = 3
_QUOTES = {'"': 1.0, "'": 0.9, "": 0.8}
_STRAY = 0.7
_COMMENT = "#"
_LOOK_AT = 300
_LOOK_AT_TYPES = 50
# With lines before the table, or without, at least this share of its rows must have its width.
_REGULAR_AFTER_PREAMBLE = 0.8
_REGULAR = 0.5
_SURE = 0.6
_ONE_COLUMN = 0.3
_NOTHING = CsvOptions()


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written.

    `skipped` rows stand before the header (or the first row); `header` rows name the columns, of
    which there are `width`; `confidence` is between 0 and 1, and 1 where the payload says it.
    """

    syntax: Syntax
    skipped: int
    header: int
    width: int
    confidence: float


@dataclass(frozen=True, slots=True)
class _Body:
    """The table in a text: its usual number of fields, its rows, and how many rows stand before."""

    width: int
    first: int
    rows: Rows
    comments: bool


def find_dialect(text: str, given: CsvOptions = _NOTHING) -> Dialect | None:
    """The dialect that makes the most regular table of a text, or None when it has no lines.

    Judged by how many rows have the usual number of fields, how many fields that is, and how many
    columns then hold values of one type other than text. What is `given` is taken as it is.
    """
    beginning = _beginning(text)
    syntax, body, score = _most_regular(beginning, given)
    if not body.rows:
        return None
    if body.comments:
        syntax = replace(syntax, comment=_COMMENT)
    found = _placed(beginning, syntax, body, score)
    return replace(
        found,
        skipped=found.skipped if given.skip is None else _rows_within(beginning, syntax, given.skip),
        header=found.header if given.header is None else int(given.header),
        confidence=found.confidence if given.delimiter is None else 1.0,
    )


def _most_regular(text: str, given: CsvOptions) -> tuple[Syntax, _Body, float]:
    """The likeliest syntax, the table it makes, and how regular that is."""
    best: tuple[Syntax, _Body] | None = None
    score = 0.0
    if given.delimiter is not None or not _one_typed_column(text):
        for syntax, likely in _candidates(text, given):
            if syntax.delimiter in _WEAK and score >= _SURE:
                continue
            body = _body(read_rows(text, syntax, _LOOK_AT), given)
            found = likely * _regularity(body, syntax) if body else 0.0
            if body and found > score + 1e-9:
                best, score = (syntax, body), found
    if best is not None:
        return *best, score
    quote, comment = '"' if given.quote is None else given.quote, given.comment or ""
    syntax = Syntax(given.delimiter or ",", quote, given.escape or "", comment)
    rows = read_rows(text, syntax, _LOOK_AT)
    if given.delimiter is None and any(len(row) > 1 for row in rows):
        syntax = Syntax("", "", comment=comment)
        rows = read_rows(text, syntax, _LOOK_AT)
    body = _body(rows, given) if given.delimiter is not None else None
    return syntax, body or _Body(1, 0, rows, comments=False), _ONE_COLUMN


def _placed(text: str, syntax: Syntax, body: _Body, score: float) -> Dialect:
    """Where header and rows of a table begin."""
    regular = [row for row in body.rows if len(row) == body.width]
    skipped, confidence = body.first, round(min(1.0, score), 2)
    if skipped and _is_short_header(read_rows(text, syntax, skipped)[-1], regular):
        return Dialect(syntax, skipped - 1, 1, body.width, confidence)
    together = sum(1 for _ in takewhile(lambda row: len(row) == body.width, body.rows))
    return Dialect(syntax, skipped, header_rows(regular, most=together), body.width, confidence)


def _rows_within(text: str, syntax: Syntax, lines: int) -> int:
    """How many rows the first lines of a text are."""
    return len(read_rows("\n".join(text.split("\n", lines)[:lines]), syntax))


def _is_short_header(row: list[str], body: Rows) -> bool:
    """Whether a row names all columns but the last, which is empty: each line ends with a delimiter."""
    short = [other[:-1] for other in body]
    return len(row) == len(short[0]) and not any(other[-1].strip() for other in body) and is_header(row, short)


def _beginning(text: str) -> str:
    """About the first rows: enough lines even when quoted fields hold line ends."""
    at = -1
    for _ in range(4 * _LOOK_AT):
        at = text.find("\n", at + 1)
        if at < 0:
            return text
    return text[:at]


def _candidates(text: str, given: CsvOptions) -> list[tuple[Syntax, float]]:
    found, comment = [], given.comment or ""
    delimiters = _DELIMITERS if given.delimiter is None else {given.delimiter: 1.0}
    quotes = _QUOTES if given.quote is None else {given.quote: 1.0}
    for delimiter, likely in delimiters.items():
        if delimiter not in text:
            continue
        stray = '"' in text and _stray_quote(text, delimiter)
        for quote, usual in quotes.items():
            if given.quote is None and ((quote == "'" and quote not in text) or (quote == "" and not stray)):
                continue
            if given.escape is not None:
                found.append((Syntax(delimiter, quote, given.escape, comment), likely * usual))
                continue
            if quote == '"' and stray:
                usual *= _STRAY
            found.append((Syntax(delimiter, quote, "", comment), likely * usual))
            if quote and f"\\{quote}" in text:
                # Quotes inside fields are either doubled or have a backslash before them.
                doubled = f"{quote}{quote}" in text.replace(f"{delimiter}{quote}{quote}", "")
                found.append((Syntax(delimiter, quote, "\\", comment), likely * usual * (0.99 if doubled else 1.01)))
    return found


def _stray_quote(text: str, delimiter: str) -> bool:
    """Whether a field begins with a quote that is none, like an inch mark or a forgotten one.

    Then the field that it opens does not end where a field may, or not at all.
    """
    for field in quoted_fields(Syntax(delimiter, '"')).finditer(text):
        if text[field.end() : field.end() + 1] not in (delimiter, "\n", ""):
            return True
        unended = field.end() == len(text) and not field[0].endswith('"')
        if unended and field.start() < len(text) // 2:
            return True
    return False


def _one_typed_column(text: str) -> bool:
    """Whether each line as a whole is one value, like a time, so that its punctuation delimits nothing."""
    lines = [line for line in text.split("\n", _LOOK_AT)[:_LOOK_AT] if line.strip()]
    return column_type(set(lines[1:] or lines)) not in ("string", "void", "boolean")


def _body(rows: Rows, given: CsvOptions) -> _Body | None:
    """The table that these rows make; rows that begin with `#` and do not fit in it are comments."""
    guess = given.comment is None
    widths = Counter(len(row) for row in rows if not (guess and _is_comment(row))) or Counter(map(len, rows))
    if not widths:
        return None
    most = max(widths.values())
    # Among equally usual widths the wider one: what stands before a table is narrow.
    width = max(w for w, n in widths.items() if n == most)
    wider = {w: n for w, n in widths.items() if w > 1}
    if width == 1 and wider:
        likely = max(wider, key=lambda w: wider[w])
        if wider[likely] >= max(2, most // 3):
            width = likely
    comments = guess and any(_is_comment(row) and len(row) != width for row in rows)
    kept = [row for row in rows if not (comments and _is_comment(row))]
    first = next((at for at, row in enumerate(kept) if len(row) == width), None)
    return None if first is None else _Body(width, first, kept[first:], comments)


def _is_comment(row: list[str]) -> bool:
    return row[0].lstrip().startswith(_COMMENT)


def _regularity(body: _Body, syntax: Syntax) -> float:
    width, rows = body.width, body.rows
    if width < 2:
        return 0.0
    regular = sum(len(row) == width for row in rows) / len(rows)
    if regular < (_REGULAR_AFTER_PREAMBLE if body.first else _REGULAR):
        return 0.0
    if syntax.delimiter in _WEAK and (regular < 1.0 or len(rows) < _WEAK_ROWS):
        return 0.0
    preamble = 1.0 - 0.5 * body.first / (body.first + len(rows))
    looked_at = min(width, _LOOK_AT_TYPES)
    typed = sum(
        column_type({row[at] for row in rows[1:_LOOK_AT_TYPES] if len(row) > at}, decimal_comma=True) != "string"
        for at in range(looked_at)
    )
    return regular**2 * preamble * (0.6 + 0.4 * typed / looked_at) * min(1.0, 0.55 + 0.2 * math.log2(width))
