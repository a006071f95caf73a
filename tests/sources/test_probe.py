"""Trying a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SourceError
from core.sources.probe import probe


async def test_the_first_keys_and_whether_there_are_more(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.csv").write_text("x\n")
    found = await probe(str(tmp_path), limit=3)
    assert (len(found.keys), found.count, found.more, found.kind) == (3, 5, True, "local_filesystem")


async def test_a_place_that_is_not_there_and_a_database_are_designed_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        await probe(str(tmp_path / "gone"))
    with pytest.raises(SourceError, match="is a database"):
        await probe("postgresql://user:canary-pw@host/db")
