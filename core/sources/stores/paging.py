"""Listing below a path of an object store: a prefix, a whole container, or one object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.stores.base import LISTING


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a server gave it: full keys, sizes in bytes, ETags, µs since 1970 (UTC).

    `token` asks for the next page; None on the last one.
    """

    keys: Sequence[str]
    sizes: Sequence[int] | pa.Array
    etags: Sequence[str | None]
    modified: Sequence[int | None] | pa.Array
    token: str | None

    def batch(self, root: str) -> pa.RecordBatch:
        """The page as a `LISTING` batch, its keys below `root`."""
        cut = len(root)
        keys = [key[cut:] for key in self.keys] if cut else self.keys
        return listing_batch(keys, self.sizes, self.etags, self.modified)


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


Fetch = Callable[[str, str | None], Awaitable[Page]]
"""Asks the server for one page: of all keys that begin with a prefix, after a token."""


class PrefixPages:
    """The objects below a path, page by page.

    `PATH/` is a prefix as it stands. `PATH` means what is below `PATH/`, or, when nothing is,
    the object of exactly that key. Servers list in key order, so that object comes first of all
    keys that begin like it, and its page is the only one asked for.

    A failed page can be asked for again: nothing changes until a page has arrived.

    Attributes:
        root: what every listed key begins with; `read` puts it before a key. Final once the
            first batch was given.
    """

    resumable = True

    def __init__(self, fetch: Fetch, path: str, shown: str) -> None:
        self._fetch = fetch
        self._path = path
        self._shown = shown
        self._token: str | None = None
        self._seen = False
        self._ended = False
        self._alone = False
        self.root = path if not path or path.endswith("/") else f"{path}/"

    def __aiter__(self) -> PrefixPages:
        return self

    async def __anext__(self) -> pa.RecordBatch:
        while not self._ended:
            page = await self._fetch(self._path if self._alone else self.root, self._token)
            self._token = page.token
            # Azure may give empty pages before full ones.
            if page.keys:
                return self._alone_in(page) if self._alone else self._below(page)
            if page.token is None:
                self._nothing()
        raise StopAsyncIteration

    def _below(self, page: Page) -> pa.RecordBatch:
        self._seen = True
        self._ended = page.token is None
        return page.batch(self.root)

    def _alone_in(self, page: Page) -> pa.RecordBatch:
        self._ended = True
        if self._path not in page.keys:
            raise self._not_found()
        self.root = self._path[: self._path.rfind("/") + 1]
        return page.batch(self.root).slice(page.keys.index(self._path), 1)

    def _nothing(self) -> None:
        """The last page came and was empty: look for one object, or end."""
        if self._seen or not self._path:
            self._ended = True
        elif self._alone or self._path.endswith("/"):
            self._ended = True
            raise self._not_found()
        else:
            self._alone = True

    def _not_found(self) -> SourceError:
        return SourceError(
            Fault.NOT_FOUND,
            f"nothing is stored under {self._shown}",
            hint="check the path's spelling; keys are case-sensitive",
        )
