"""What the tests of every store do: list it all, and read it all."""

import sys
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.connections import Connection
from core.sources.locations import Location
from core.sources.stores.base import LISTING, Store
from core.sources.stores.open import open_store

ODD = (
    "plain.csv",
    "a folder/with space.csv",
    "q?uestion.csv",
    "ha#sh.csv",
    "per%cent.csv",
    "per%20cent.csv",
    "br[ack]et.csv",
    "pl+us.csv",
    "am&per=sand.csv",
    "ünï/日本語/😀.csv",
    "quo'te\"s;,@:$!*().csv",
    "deep/er/and/deeper.csv",
    "a\ttab.csv",
    "an%2Fencoded slash.csv",
    "dots../..in names.csv",
)
"""Keys that are awkward in URLs and globs; every store has to take them."""

SLASHES = ("/leading.csv", "a//b.csv", "//twice", "trailing/")
"""Keys that are no path of a file system; object stores have them."""

DOTS = ("a/./dot.csv", "a/../dots.csv", "..")
"""Keys that a path's rules would shorten; S3 has them, Azure takes no such name."""


DRIVERS = ("obstore", "fsspec")
"""What reads: obstore beside the Python clients, or these alone."""


def read_by(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have stores read by a driver of `DRIVERS`."""
    if driver != "obstore":
        monkeypatch.setitem(sys.modules, "obstore", None)


def contents(keys: tuple[str, ...]) -> dict[str, bytes]:
    """Some bytes for each key, different for each."""
    return {key: f"{index}:{key}".encode() * 3 for index, key in enumerate(keys)}


@asynccontextmanager
async def opened(location: Location, connection: Connection | None = None, environ: Mapping[str, str] | None = None):
    store = open_store(location, connection, max_concurrency=8, environ=environ or {})
    try:
        yield store
    finally:
        await store.close()


async def sizes(store: Store) -> dict[str, int]:
    """Every listed key with its size."""
    found: dict[str, int] = {}
    async for page in store.pages():
        assert page.schema.equals(LISTING)
        rows: list[dict[str, Any]] = page.to_pylist()
        for row in rows:
            assert row["key"] not in found, "listed twice"
            found[row["key"]] = row["size"]
    return found


async def everything(store: Store) -> dict[str, bytes]:
    """Every listed object with its bytes, each read in two ranges."""
    found = {}
    for key, size in (await sizes(store)).items():
        half = size // 2
        spans = [(0, half), (half, size)] if half else [(0, size)] if size else []
        found[key] = b"".join(await store.read(key, spans)) if spans else b""
    return found
