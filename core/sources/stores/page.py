"""A page of a listing as a server gives it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from core.sources.stores.base import LISTING


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a server gave it: full keys, sizes in bytes, ETags, µs since 1970 (UTC).

    `token` asks for the next page; None on the last one. `folders` are the prefixes, up to a slash, that
    stand for the keys below them, where these were left out.
    """

    keys: Sequence[str]
    sizes: Sequence[int] | pa.Array
    etags: Sequence[str | None]
    modified: Sequence[int | None] | pa.Array
    token: str | None
    folders: Sequence[str] = ()

    def batch(self, root: str) -> pa.RecordBatch:
        """The page as a `LISTING` batch, its keys below `root`."""
        cut = len(root)
        keys = [key[cut:] for key in self.keys] if cut else self.keys
        return listing_batch(keys, self.sizes, self.etags, self.modified)


Fetch = Callable[[str, str | None, bool], Awaitable[Page]]
"""Asks the server for one page: of keys that begin with a prefix, after a token; when true, those of one level only."""


def listing_batch(
    keys: Sequence[str],
    sizes: Sequence[int] | pa.Array,
    etags: Sequence[str | None],
    modified: Sequence[int | None] | pa.Array,
) -> pa.RecordBatch:
    """Columns as a `LISTING` batch; `modified` in µs since 1970, UTC."""
    columns = [
        pa.array(keys, pa.string()),
        pa.array(sizes, pa.int64()),
        pa.array(etags, pa.string()),
        pa.array(modified, pa.int64()).cast(pa.timestamp("us")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=LISTING)
