"""What object stores have in common: a prefix listed below a root, or one object."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import TypeAlias

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.stores.base import LISTING

Row: TypeAlias = tuple[str, int, str | None, datetime | None]
"""Full key, size in bytes, etag, time of modification (with or without zone)."""

ListPrefix: TypeAlias = Callable[[str], AsyncIterator[list[Row]]]


class Root:
    """The root of a source in a flat key space, and how keys below it are written."""

    def __init__(self, path: str, shown: str) -> None:
        self.prefix = path if not path or path.endswith("/") else f"{path}/"
        self._path = path
        self._shown = shown

    def full(self, key: str) -> str:
        """The whole key of an object that was listed below this root."""
        return self.prefix + key

    async def pages(self, list_prefix: ListPrefix) -> AsyncIterator[pa.RecordBatch]:
        """All objects below the root; when there is none, the one object that the path itself names.

        Raises:
            SourceError: nothing is stored under the path.
        """
        found = False
        async for rows in list_prefix(self.prefix):
            found = found or bool(rows)
            if rows:
                yield page(rows, len(self.prefix))
        if found or not self._path:
            return
        async for rows in list_prefix(self._path) if self._path != self.prefix else _nothing():
            one = [row for row in rows if row[0] == self._path]
            if one:
                self.prefix = self._path[: self._path.rfind("/") + 1]
                yield page(one, len(self.prefix))
                return
            if rows and rows[-1][0] > self._path:
                break
        raise SourceError(
            Fault.NOT_FOUND, f"nothing is stored under {self._shown}", hint="check the prefix; keys are case-sensitive"
        )


async def _nothing() -> AsyncIterator[list[Row]]:
    return
    yield


def page(rows: list[Row], skip: int) -> pa.RecordBatch:
    """Rows as a `LISTING` page, each key without its first `skip` characters."""
    times = [None if row[3] is None else _naive(row[3]) for row in rows]
    columns = [
        pa.array([row[0][skip:] for row in rows], pa.string()),
        pa.array([row[1] for row in rows], pa.int64()),
        pa.array([row[2] for row in rows], pa.string()),
        pa.array(times, pa.timestamp("us")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=LISTING)


def _naive(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
