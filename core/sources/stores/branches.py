"""Listing the folders below a prefix side by side, where they hold many keys.

A server gives one page after the other, so a listing of millions takes as long as its pages in a row. When the
first page of a prefix is full and most of it lies in few folders, the folders of that level are asked for, and each
is listed by itself. That costs a request a folder more, so it is done for large folders only, and for so few that
the requests stay close to the number of pages. No order of keys is relied on: servers of folders have their own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import groupby

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SourceError
from core.sources.stores.packing import packed, unpacked
from core.sources.stores.page import Fetch, Page

# A full page in more folders than this: each is small, and a request for each would be wasted.
_FEW = 4
_MOST_FOLDERS = 256


@dataclass(eq=False, slots=True)
class _Branch:
    """A prefix that is being listed; `seen` are keys below it that were given already."""

    prefix: str
    seen: frozenset[str] = frozenset()
    token: str | None = None
    first: tuple[str, ...] | None = None
    """The keys of its first page, as long as nothing more of it was asked for."""
    pages: deque[pa.RecordBatch | pa.Buffer] = field(default_factory=deque)
    """Packed where those of a branch before it come first, which may be millions of keys later."""
    ended: bool = False


class Branches:
    """All keys below a prefix, in the server's order as far as folders go.

    After a fault, `following` may be called again: what failed is then asked for once more.
    """

    def __init__(self, fetch: Fetch, prefix: str, *, at_once: int) -> None:
        self._fetch = fetch
        self._root = prefix
        self._at_once = at_once
        trunk = _Branch(prefix)
        self._in_order = [trunk]
        self._fresh = deque([trunk])
        self._begun: deque[_Branch] = deque()
        self._tasks: dict[asyncio.Task[None], _Branch] = {}
        self._failed: list[_Branch] = []
        self._fault: SourceError | None = None

    async def following(self) -> pa.RecordBatch | None:
        """The next page, never empty; None when all were given.

        Raises:
            SourceError: a page could not be had: for good, or it is that page's turn.
        """
        self._collect()
        if self._fault is not None and not self._fault.transient:
            raise self._fault
        if (batch := self._next()) is not None:
            self._start()
            return batch
        while True:
            self._start()
            if self._tasks:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                self._collect()
            if (batch := self._next()) is not None:
                return batch
            if self._fault is not None and (not self._fault.transient or self._in_order[0] in self._failed):
                fault, self._fault = self._fault, None
                self._begun.extendleft(self._failed)
                self._failed.clear()
                raise fault
            if not (self._tasks or self._begun or self._fresh):
                return None

    async def close(self) -> None:
        """Stop what is still being asked for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def _next(self) -> pa.RecordBatch | None:
        while self._in_order:
            branch = self._in_order[0]
            if branch.pages:
                page = branch.pages.popleft()
                return unpacked(page) if isinstance(page, pa.Buffer) else page
            if not branch.ended:
                return None
            del self._in_order[0]
        return None

    def _start(self) -> None:
        # First pages first: they tell which folders are large while there is still time to divide them.
        while len(self._tasks) < self._at_once and (queue := self._fresh or self._begun):
            branch = queue.popleft()
            alone = len(self._tasks) + len(self._fresh) + len(self._begun) < self._at_once - 1
            self._tasks[asyncio.ensure_future(self._step(branch, divide=alone))] = branch

    def _collect(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            branch = self._tasks.pop(task)
            error = task.exception()
            if isinstance(error, SourceError):
                self._failed.append(branch)
                self._fault = error if self._fault is None or not error.transient else self._fault
            elif error is not None:
                raise error
            elif not branch.ended:
                self._begun.append(branch)

    async def _step(self, branch: _Branch, *, divide: bool) -> None:
        if divide and branch.first is not None and _is_few(branch) and await self._divide(branch):
            return
        page = await self._fetch(branch.prefix, branch.token, False)
        branch.ended, branch.token = page.token is None, page.token
        if page.keys:
            branch.first = tuple(page.keys) if branch.first is None else ()
            self._keep(branch, page.batch(self._root))

    async def _divide(self, branch: _Branch) -> bool:
        """Put a branch for each folder of its level behind it; returns whether that is worth it."""
        prefix = branch.prefix
        while True:
            level = await self._fetch(prefix, None, True)
            if level.token is not None or not 0 < len(level.folders) <= _MOST_FOLDERS:
                branch.first = ()
                return False
            if level.keys or len(level.folders) > 1:
                break
            prefix = level.folders[0]
        parts = list(self._parts(branch, level))
        at = self._in_order.index(branch) + 1
        self._in_order[at:at] = parts
        self._fresh.extend(part for part in parts if not part.ended)
        branch.ended = True
        return True

    def _parts(self, branch: _Branch, level: Page) -> list[_Branch]:
        seen = branch.seen.union(branch.first or ())
        objects = level.batch(self._root)
        entries = sorted([*((key, at) for at, key in enumerate(level.keys)), *((name, -1) for name in level.folders)])
        parts = []
        for is_folder, run in groupby(entries, key=lambda entry: entry[1] < 0):
            if is_folder:
                for name, _ in run:
                    parts.append(_Branch(name, frozenset(key for key in seen if key.startswith(name))))
            else:
                here = _Branch(branch.prefix, seen, ended=True)
                self._keep(here, objects.take(pa.array([at for _, at in run])))
                parts.append(here)
        return parts

    def _keep(self, branch: _Branch, batch: pa.RecordBatch) -> None:
        if branch.seen:
            below = [key[len(self._root) :] for key in branch.seen]
            batch = batch.filter(pc.invert(pc.is_in(batch.column("key"), value_set=pa.array(below, pa.string()))))
        if len(batch):
            branch.pages.append(batch if branch is self._in_order[0] else packed(batch))


def _is_few(branch: _Branch) -> bool:
    """Whether the keys of a branch's first page lie in few folders."""
    cut = len(branch.prefix)
    folders = {key[cut : key.find("/", cut)] for key in branch.first or () if key.find("/", cut) >= 0}
    return 0 < len(folders) <= _FEW
