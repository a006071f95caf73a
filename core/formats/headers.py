"""Column names as a header gives them."""

from __future__ import annotations

from collections.abc import Sequence


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
