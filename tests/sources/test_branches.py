"""Folders listed side by side: every key once, in as many requests as are worth it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from core.errors import Fault, SourceError
from core.listing import Listing
from core.retry import RetryingStore
from core.sources.locations import locate
from core.sources.stores.open import open_store
from core.sources.stores.page import Page
from core.sources.stores.paging import PrefixPages
from tests.servers.azurite import Azurite

_PAGE = 100


class Server:
    """Answers as a server does whose keys are in its own order; fails where it is told to."""

    def __init__(self, keys: Sequence[str], order: Callable[[str], object] = str, fails: float = 0.0) -> None:
        self._keys = sorted(keys, key=order)  # type: ignore[arg-type]  # keys of any kind of order
        self._fails = fails
        self._dice = random.Random(7)
        self.asked: Counter[bool] = Counter()
        self.prefixes: set[str] = set()
        self.in_flight = self.most_in_flight = 0

    async def fetch(self, prefix: str, token: str | None, one_level: bool) -> Page:
        self.asked[one_level] += 1
        self.prefixes.add(prefix)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        if self._dice.random() < self._fails:
            raise SourceError(Fault.UNAVAILABLE, "busy", transient=True)
        entries = dict.fromkeys(
            prefix + key[len(prefix) :].partition("/")[0] + "/" if one_level and "/" in key[len(prefix) :] else key
            for key in self._keys
            if key.startswith(prefix)
        )
        start = int(token or 0)
        page = list(entries)[start : start + _PAGE]
        is_folder = [one_level and "/" in entry[len(prefix) :] for entry in page]
        found = [entry for entry, folder in zip(page, is_folder, strict=True) if not folder]
        return Page(
            found,
            [1] * len(found),
            [None] * len(found),
            [None] * len(found),
            str(start + _PAGE) if start + _PAGE < len(entries) else None,
            [entry for entry, folder in zip(page, is_folder, strict=True) if folder],
        )


async def _listed(server: Server, path: str = "", retries: int = 0) -> list[str]:
    pages = PrefixPages(server.fetch, path, "here")
    found: list[str] = []
    left = retries
    while True:
        try:
            async for page in pages:
                found += page.column("key").to_pylist()
            break
        except SourceError:
            left -= 1
            if left < 0:
                raise
    await pages.close()
    return found


def _tables(count: int, files: int) -> list[str]:
    return [f"lake/db{t % 5}/table{t:03}/day={n % 9}/part-{n:05}" for t in range(count) for n in range(files)]


def _folders_first(key: str) -> list[str]:
    """The order of a server that has real folders: `a/b` before `a-b`."""
    return key.replace("/", "\0").split("\0")


@pytest.mark.parametrize("order", [str, _folders_first, lambda key: key[::-1]], ids=["keys", "folders", "any"])
@pytest.mark.parametrize("path", ["", "lake", "lake/db1/"])
async def test_every_key_comes_once_in_any_order_of_the_server(order: Callable[[str], object], path: str) -> None:
    keys = [*_tables(20, 150), *(f"lake/db1-old/{n}" for n in range(250)), "lake/db1", "lake//odd", "lake/note", "z"]
    server = Server(keys, order)
    root = path if not path or path.endswith("/") else f"{path}/"
    found = await _listed(server, path)
    assert sorted(found) == sorted(key[len(root) :] for key in keys if key.startswith(root))


async def test_large_folders_are_listed_side_by_side() -> None:
    keys = _tables(20, 500)
    server = Server(keys)
    assert await _listed(server) == sorted(keys)
    pages = len(keys) // _PAGE
    assert server.most_in_flight > 4
    assert server.most_in_flight <= 16
    assert server.asked.total() <= pages + 2 * len(server.prefixes)


async def test_a_page_of_many_folders_is_not_divided() -> None:
    """A request for each small folder would cost more than the pages do."""
    server = Server([f"day={n // 3:04}/part-{n}" for n in range(3_000)])
    assert len(await _listed(server)) == 3_000
    assert server.asked == {False: 30}


@pytest.mark.parametrize("count", [0, 1, _PAGE])
async def test_one_page_costs_one_request(count: int) -> None:
    server = Server([f"a/{n:04}" for n in range(count)])
    assert len(await _listed(server)) == count
    assert server.asked == {False: 1}


async def test_after_faults_nothing_is_missing_or_twice() -> None:
    keys = _tables(20, 300)
    server = Server(keys, fails=0.2)
    assert sorted(await _listed(server, retries=200)) == sorted(keys)


async def test_a_fault_that_stays_ends_the_listing() -> None:
    with pytest.raises(SourceError, match="busy"):
        await _listed(Server(_tables(2, 10), fails=1.0), retries=3)


@pytest.mark.parametrize("transient", [True, False])
async def test_a_fault_is_told_before_all_else_is_listed(transient: bool) -> None:
    """To be asked again when it is its turn; and at once where asking again is of no use."""
    keys = [f"t{table:02}/part-{n:05}" for table in range(4) for n in range(5_000)]
    server = Server(keys)

    async def fetch(prefix: str, token: str | None, one_level: bool) -> Page:
        page = await server.fetch(prefix, token, one_level)
        if prefix == ("t00/" if transient else "t03/") and token:
            raise SourceError(Fault.UNAVAILABLE, "gone", transient=transient)
        return page

    pages = PrefixPages(fetch, "", "here")
    with pytest.raises(SourceError, match="gone"):
        async for _ in pages:
            pass
    await pages.close()
    assert server.asked.total() < len(keys) // _PAGE // 2


async def test_closing_stops_what_is_being_asked() -> None:
    server = Server(_tables(20, 500))
    pages = PrefixPages(server.fetch, "", "here")
    await anext(pages)
    await anext(pages)
    await pages.close()
    asked = server.asked.total()
    await asyncio.sleep(0)
    assert (server.asked.total(), server.in_flight) == (asked, 0)


async def test_azure_folders_side_by_side(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.sources.stores.azure._PAGE", 10)
    keys = [f"lake/t{t}/odd &<{n:03}>.bin" for t in range(3) for n in range(25)]
    container = azurite.container(dict.fromkeys(keys, b"x"))
    location = locate(f"{azurite.url}/{container}?{azurite.sas(container)}")
    store = RetryingStore(open_store(location), retries=1)
    listing = Listing()
    async for page in store.pages():
        listing.add(page)
    assert listing.finish() == 0
    assert list(listing.keys()) == sorted(keys)
    assert store.requests["LIST"] < 8 + 2 * 4
    await store.close()
