"""The run after: what did not change costs no request, what did is read again, as is what failed in passing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Fault, SourceError
from core.memory import Remembered
from core.sources.stores.base import Span
from tests.lakehouse.delta_log import add, commit, key, meta, parquet, protocol, remove, vector
from tests.lakehouse.iceberg_files import entry, table
from tests.pipeline import DictStore, Ran, run


class Refusing(DictStore):
    """Answers a read of the named keys with an error that passes."""

    def __init__(self, objects: dict[str, bytes], *refused: str) -> None:
        super().__init__(objects)
        self._refused = frozenset(refused)

    async def read(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        if key in self._refused:
            raise SourceError(Fault.TIMEOUT, f"{key} took too long", transient=True)
        return await super().read(key, spans)


def asked(ran: Ran) -> list[str]:
    assert isinstance(ran.store, DictStore)
    return sorted({name for name, _ in ran.store.ranges})


def settled(ran: Ran) -> list[dict[str, Any]]:
    """The files' rows without what tells a second run from a first."""
    return [row | {"status": "read" if row["status"] == "unchanged" else row["status"]} for row in ran.rows["files"]]


OBJECTS = {
    key(0): commit(protocol(3, "deletionVectors"), meta(), add("a", None), add("b", 5, deletes=vector(2))),
    key(0, "crc"): json.dumps({"numFiles": 2, "tableSizeBytes": 200}).encode(),
    "t/a": parquet(30),
    "t/b": parquet(5),
    "t/old": parquet(1),
}


def test_an_unchanged_table_of_each_kind_costs_nothing_and_stays_the_same() -> None:
    hudi = {"t/.hoodie/hoodie.properties": b'hoodie.table.create.schema="long"', "t/a.parquet": parquet(1)}
    iceberg = table((1, [entry("a", 3)])) | {"t/a": b"data"}
    missing = {name: data for name, data in iceberg.items() if name != "t/metadata/m0.avro"}
    for objects in (OBJECTS, hudi, iceberg, missing):
        first = run(objects)
        second = run(objects, remembered=first.remembered)
        third = run(objects, remembered=second.remembered)
        assert first.tables and asked(first)
        for again in (second, third):
            assert asked(again) == []
            assert (again.rows["tables"], again.rows["columns"]) == (first.rows["tables"], first.rows["columns"])
            assert settled(again) == settled(first)


def test_a_changed_log_is_read_again_but_footers_are_known() -> None:
    first = run(OBJECTS)
    second = run(OBJECTS | {key(1): commit(remove("b", deletes=vector(2)))}, remembered=first.remembered)
    assert asked(second) == [key(0), key(1)], "the checksum is of an older version, and the footer of a is known"
    assert second.tables["t"]["row_count"] == 30


def test_a_live_file_that_changed_under_an_unchanged_log_is_read_again() -> None:
    first = run(OBJECTS)
    second = run(OBJECTS | {"t/a": parquet(40)}, remembered=first.remembered)
    assert "t/a" in asked(second)
    assert second.tables["t"]["row_count"] == 43


def test_a_live_file_that_went_or_came_under_an_unchanged_log_is_noticed() -> None:
    without = {name: data for name, data in OBJECTS.items() if name != "t/b"}
    whole, partial = run(OBJECTS), run(without)
    gone = run(without, remembered=whole.remembered)
    assert gone.tables["t"]["warnings"] == ["1 of its 2 live files are not stored here"]
    assert gone.rows["tables"] == partial.rows["tables"]
    again = run(without, remembered=partial.remembered)
    assert asked(again) == [], "what lies elsewhere for good costs nothing either"
    back = run(OBJECTS, remembered=partial.remembered)
    assert back.rows["tables"] == whole.rows["tables"]
    assert back.files["t/b"]["status"] == "read"


def test_a_footer_that_was_not_given_in_passing_is_asked_for_again() -> None:
    first = run(Refusing(OBJECTS, "t/a"))
    assert first.files["t/a"]["status"] == "failed"
    assert (first.tables["t"]["row_count"], first.tables["t"]["file_count"]) == (None, 2)
    second = run(OBJECTS, remembered=first.remembered)
    assert "t/a" in asked(second)
    assert second.tables["t"]["row_count"] == 33


def test_a_log_that_was_not_given_in_passing_is_asked_for_again() -> None:
    first = run(Refusing(OBJECTS | {"other.csv": b"x,y\n1,2\n"}, key(0)))
    assert list(first.tables) == ["other"]
    assert run(OBJECTS, remembered=first.remembered).tables["t"]["row_count"] == 33


def test_a_live_file_that_is_broken_for_good_stays_that_until_it_changes() -> None:
    broken = OBJECTS | {"t/a": b"PAR1 not quite PAR1"}
    first = run(broken)
    assert first.files["t/a"]["status"] == "failed"
    second = run(broken, remembered=first.remembered)
    assert asked(second) == []
    assert settled(second) == settled(first) and second.rows["tables"] == first.rows["tables"]
    third = run(OBJECTS, remembered=second.remembered)
    assert third.tables["t"]["row_count"] == 33


@pytest.mark.parametrize("text", ["[]", "{", '["x", {}, {}, {}]', '["x", {}, {}, {}, {}, 1, true]', "5"])
def test_what_another_version_of_nuvyn_kept_is_read_anew(text: str) -> None:
    first = run(OBJECTS)

    def kept(*asked: Any) -> Remembered | None:
        found = first.remembered(*asked)
        return found and replace(found, lakehouses={"t": text})

    second = run(OBJECTS, remembered=kept)
    assert second.tables["t"]["row_count"] == 33
    assert key(0) in asked(second)
