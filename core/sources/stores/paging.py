"""Listing below a path of an object store: a prefix, a whole container, or one object."""

from __future__ import annotations

import pyarrow as pa

from core.errors import Fault, SourceError
from core.sources.stores.branches import Branches
from core.sources.stores.page import Fetch

_AT_ONCE = 16


class PrefixPages:
    """The objects below a path, page by page; where they are many, of several folders at once.

    `PATH/` is a prefix as it stands. `PATH` means what is below `PATH/`, or, when nothing is,
    the object of exactly that key. Servers list in key order, so that object comes first of all
    keys that begin like it, and its page is the only one asked for.

    A failed page can be asked for again: nothing changes until a page has arrived.

    Attributes:
        root: what every listed key begins with; `read` puts it before a key. Final once the
            first batch was given.
    """

    resumable = True

    def __init__(self, fetch: Fetch, path: str, shown: str, *, at_once: int = _AT_ONCE) -> None:
        self._fetch = fetch
        self._path = path
        self._shown = shown
        self._given = False
        self.root = path if not path or path.endswith("/") else f"{path}/"
        self._branches = Branches(fetch, self.root, at_once=min(at_once, _AT_ONCE))

    def __aiter__(self) -> PrefixPages:
        return self

    async def __anext__(self) -> pa.RecordBatch:
        batch = await self._branches.following()
        if batch is None and not self._given and self._path:
            batch = await self._alone()
        if batch is None:
            raise StopAsyncIteration
        self._given = True
        return batch

    async def close(self) -> None:
        """Stop what is still being asked for."""
        await self._branches.close()

    async def _alone(self) -> pa.RecordBatch:
        """The object of exactly the path's key.

        Raises:
            SourceError: there is none.
        """
        token: str | None = None
        while not self._path.endswith("/"):
            page = await self._fetch(self._path, token, False)
            if self._path in page.keys:
                self.root = self._path[: self._path.rfind("/") + 1]
                return page.batch(self.root).slice(page.keys.index(self._path), 1)
            # Azure may give empty pages before full ones.
            if page.keys or page.token is None:
                break
            token = page.token
        raise SourceError(
            Fault.NOT_FOUND,
            f"nothing is stored under {self._shown}",
            hint="check the path's spelling; keys are case-sensitive",
        )
