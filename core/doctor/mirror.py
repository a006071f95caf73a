"""The mirror: can it be opened, and can every row in it be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from core import rows
from core.doctor.findings import Finding, broken, off, ok, warning
from core.errors import MirrorError, MirrorTaken
from core.text import size

if TYPE_CHECKING:
    from core.mirror.mirror import Mirror


def check_mirror(mirror: Mirror) -> Iterator[Finding]:
    """Every column of every table is read once; nothing is changed."""
    if not mirror.exists():
        yield off("mirror", f"{mirror.path} is not there yet: the first run makes it")
        return
    try:
        counts = {table: read_through(mirror, table) for table in (*rows.PUBLIC, "schema_changes")}
    except MirrorError as error:
        if isinstance(error, MirrorTaken):
            yield warning("mirror", error.message, error.hint)
        else:
            yield broken("mirror", error.message, "nuvyn repair")
        return
    said = ", ".join(f"{counts[table]:,} {table}" for table in ("sources", "tables", "columns", "files"))
    yield ok("mirror", f"{mirror.path}, {size(mirror.path.stat().st_size)}: {said}")


def read_through(mirror: Mirror, table: str) -> int:
    """The rows of a table, each of whose values is read.

    Raises:
        MirrorError: some cannot be.
    """
    [row] = mirror.query(f"SELECT count(*) AS n, bit_xor(hash(t)) AS h FROM {table} AS t").to_pylist()
    return int(row["n"])
