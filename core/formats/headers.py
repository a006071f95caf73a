"""Which rows of a text are its header, and the column names that it gives."""

from __future__ import annotations

from collections.abc import Sequence

from core.formats.values import NULLS, cell_type, column_type

_MOST_ROWS = 3
_BODY_ROWS = 2
_NAMED_OVER_VALUES = 2


def unique_names(header: Sequence[str], width: int) -> list[str]:
    """Column names as in the header, made unique; `columnN` where there is none.

    N is padded to one length, as DuckDB does, so that names sort like columns.
    """
    names: list[str] = []
    taken: set[str] = set()
    digits = len(str(width - 1))
    for at in range(width):
        name = base = (header[at] if at < len(header) else "") or f"column{at:0{digits}}"
        again = 1
        while name in taken:
            name = f"{base}_{again}"
            again += 1
        taken.add(name)
        names.append(name)
    return names


def is_header(row: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether a row names the columns of the rows below it.

    It does when it is text over values; when all is text it does unless its own cells are
    mostly repeated below, for a name is rarely a value too.
    """
    cells = [cell.strip() for cell in row]
    named = [cell for cell in cells if cell not in NULLS]
    if not named:
        return bool(body)
    kinds = [cell_type(cell) for cell in cells]
    below = [column_type({r[at] for r in body if len(r) > at}) for at in range(len(cells))]
    values = sum(kind not in ("string", "void") for kind in kinds)
    over_values = sum(
        kind == "string" and under not in ("string", "void") for kind, under in zip(kinds, below, strict=True)
    )
    if values or over_values:
        # Years or numbers may be names, but then more columns must be text over values.
        return over_values > values
    if len(named) < len(cells) or len(set(named)) < len(named):
        return False
    if len(cells) == 1:
        return True
    repeated = sum(any(r[at].strip() == cell for r in body if len(r) > at) for at, cell in enumerate(cells))
    return repeated * 2 <= len(cells)


def header_rows(rows: Sequence[Sequence[str]], *, most: int) -> int:
    """How many of the first rows name the columns of those below: mostly one, or none.

    All rows have one width, and no more than the `most` first ones stand together. Several are a
    header when the last of them is words over columns of values, and no column of text is named
    twice: `,Q1,` over `region,plan,actual`, or units below the names.
    """
    for count in range(min(_MOST_ROWS, most, len(rows) - _BODY_ROWS), 1, -1):
        if _are_header(rows[:count], rows[count:]):
            return count
    return int(bool(rows) and is_header(rows[0], rows[1:]))


def _are_header(header: Sequence[Sequence[str]], body: Sequence[Sequence[str]]) -> bool:
    named_over_values = 0
    for at, last in enumerate(header[-1]):
        cells = [row[at].strip() for row in header]
        if any(cell not in NULLS and cell_type(cell) != "string" for cell in cells):
            return False
        if column_type({row[at] for row in body}) in ("string", "void"):
            if sum(cell not in NULLS for cell in cells) > 1:
                return False
        elif last.strip() not in NULLS:
            if not any(char.isalpha() or char == "%" for char in last):
                return False
            named_over_values += 1
    return named_over_values >= _NAMED_OVER_VALUES


def joined_names(header: Sequence[Sequence[str]]) -> Sequence[str]:
    """The names that header rows give together, from the top; a name above is also that of blank cells right of it."""
    if len(header) == 1:
        return header[0]
    cells = zip(*map(_spread, header[:-1]), header[-1], strict=True)
    return [" ".join(part.strip() for part in parts if part.strip()) for parts in cells]


def _spread(row: Sequence[str]) -> list[str]:
    spread, name = [], ""
    for cell in row:
        name = cell if cell.strip() else name
        spread.append(name)
    return spread
