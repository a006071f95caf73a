"""A listing in compressed pages: in order, each key once, found again."""

from __future__ import annotations

import random
from datetime import datetime

import pyarrow as pa
import pytest

from core.listing import LISTED, Files, Listing
from core.sources.stores.page import listing_batch


def _page(keys: list[str]) -> pa.RecordBatch:
    sizes = [len(key) * 10 for key in keys]
    return listing_batch(keys, sizes, [f"e-{key}" for key in keys], [1_000_000] * len(keys))


def _listed(*pages: list[str]) -> tuple[Listing, int]:
    listing = Listing()
    for page in pages:
        listing.add(_page(page))
    return listing, listing.finish()


def _keys(count: int) -> list[str]:
    return [f"t/part-{number:06}" for number in range(count)]


@pytest.mark.parametrize("size", [1, 7, 999, 1_000, 2_500])
def test_pages_of_any_size_are_in_order(size: int) -> None:
    keys = _keys(5_003)
    listing, repeated = _listed(*(keys[at : at + size] for at in range(0, len(keys), size)))
    assert (len(listing), repeated) == (5_003, 0)
    assert list(listing.keys()) == keys
    assert [listing.find(key) for key in keys] == list(range(5_003))


@pytest.mark.parametrize("seed", range(20))
def test_keys_in_any_order_and_repeated_ones_come_once_in_order(seed: int) -> None:
    dice = random.Random(seed)
    keys = [
        dice.choice("ab/-=\u00e9\u6f22\U0001f4a1") * dice.randint(1, 4) + f"{dice.randint(0, 3_000)}"
        for _ in range(4_000)
    ]
    if seed % 2:
        # Nearly in order, as a server lists folders of which another's name begins with theirs.
        keys = sorted(keys, key=lambda key: key.replace("/", "\0"))
    pages = [keys[at : at + 300] for at in range(0, len(keys), 300)]
    listing, repeated = _listed(*pages)
    assert list(listing.keys()) == sorted(set(keys))
    assert repeated == len(keys) - len(set(keys))


def test_an_object_at_a_place_and_what_is_not_there() -> None:
    keys = _keys(3_000)
    listing, _ = _listed(keys)
    at = 2_345
    file = listing.file(at)
    assert (file.key, file.size, file.etag, file.modified) == (
        keys[at],
        130,
        f"e-{keys[at]}",
        datetime(1970, 1, 1, 0, 0, 1),
    )
    assert (listing.key(at), listing.size(at)) == (keys[at], 130)
    assert [listing.find(key) for key in ("", "t/part-", "t/part-000001x", "z")] == [None] * 4
    assert [file.key for file in Files(listing, [7, 2_999, 3])] == [keys[7], keys[2_999], keys[3]]


def test_the_reader_gives_each_key_with_its_place() -> None:
    keys = _keys(2_200)
    listing, _ = _listed(keys[1_000:], keys[:1_000])
    table = listing.reader().read_all()
    assert table.schema == LISTED
    assert table.column("at").to_pylist() == list(range(2_200))
    assert table.column("key").to_pylist() == keys


def test_nothing_listed() -> None:
    listing, repeated = _listed()
    assert (len(listing), repeated, list(listing.keys()), listing.find("a")) == (0, 0, [], None)


def test_a_page_takes_a_fraction_of_its_size() -> None:
    """A million keys are to fit into some tens of megabytes."""
    keys = [f"warehouse/sales/orders/date=2026-01-{at // 400 + 1:02}/part-{at:05}.parquet" for at in range(10_000)]
    before = pa.total_allocated_bytes()
    listing, _ = _listed(*(keys[at : at + 1_000] for at in range(0, len(keys), 1_000)))
    held = pa.total_allocated_bytes() - before
    assert held < 40 * len(listing)
