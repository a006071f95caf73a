"""Delta logs that are damaged or odd: one table fails or says what is wrong, and no other is spoiled."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.lakehouse.delta_log import add, checkpoint, commit, field, key, meta, protocol, remove, vector
from tests.pipeline import DictStore, run

UUID = "3a0d65cd-4056-49b8-937b-95f9e3ee90e5"
OTHER = {"other.csv": b"x,y\n1,2\n"}


def table(objects: dict[str, bytes], **options: Any) -> dict[str, Any]:
    return run(objects, **options).tables["t"]


def warned(objects: dict[str, bytes]) -> list[str]:
    return [text for text in table(objects)["warnings"] if "not stored here" not in text]


@pytest.mark.parametrize(
    "line",
    [
        b'{"add": {"path": "a", "size": 1e999}}',
        b'{"add": {"path": "a", "size": 99999999999999999999999}}',
        b'{"add": {"path": "a", "size": -5}}',
        b'{"add": {"path": ["a"], "size": 5}}',
        b'{"add": {"path": "a", "deletionVector": {"storageType": "u", "pathOrInlineDv": "x", "cardinality": -1}}}',
        b'{"metaData": 5}',
        b'{"metaData": {"schemaString": "{}", "partitionColumns": [{}]}}',
        b'{"protocol": 5}',
        b'{"protocol": {"minReaderVersion": 3, "readerFeatures": 5}}',
        b'{"protocol": {"minReaderVersion": 3, "readerFeatures": [{}]}}',
        b'{"protocol": {"minReaderVersion": "x"}}',
        b'{"domainMetadata": {"domain": ["x"]}}',
    ],
)
def test_what_is_not_as_it_should_be_fails_one_log_and_is_no_surprise(line: bytes) -> None:
    ran = run({key(0): commit(protocol(), meta()) + line + b"\n"} | OTHER)
    assert list(ran.tables) == ["other"]
    [failed] = [row for row in ran.rows["files"] if row["status"] == "failed"]
    assert failed["file_path"] == key(0) and "reader failed" not in failed["error"]


def test_settings_that_are_no_settings_fail_one_log() -> None:
    ran = run({key(0): commit(protocol(), meta(configuration=["a"]))} | OTHER)
    assert list(ran.tables) == ["other"]
    assert "not as it should be" in ran.files[key(0)]["error"]


def test_numbers_that_nothing_can_have_are_unknown_and_spoil_nothing() -> None:
    for rows in (10**25, 2**62, -3):
        ran = run({key(0): commit(protocol(), meta(), *(add(name, rows) for name in "abc"))} | OTHER)
        assert (ran.tables["t"]["row_count"], ran.tables["t"]["size_bytes"]) == (None, 300)
        assert ran.tables["other"]["row_count"] == 1


def test_half_a_character_spoils_nothing() -> None:
    half = "a\ud83d"
    odd = meta(field(half, "long", comment=half), name=half, description=half, configuration={"delta.x": half})
    ran = run({key(0): commit(protocol(), odd, add(half))} | OTHER)
    assert ran.types("t") == {"a?": "bigint"}
    assert (ran.tables["t"]["comment"], ran.tables["t"]["row_count"], len(ran.tables)) == ("a?", 10, 2)
    assert run({key(0): commit(protocol(), meta(description={"a": 1}))}).tables["t"]["comment"] is None


@pytest.mark.parametrize(
    "broken", [b"[" * 100_000, b'{"sidecar": {"path": 5}}', b'{"sidecar": 5}', b'{"add": {"path": "a", "size": 1e999}}']
)
def test_a_broken_checkpoint_in_json_is_passed_over(broken: bytes) -> None:
    found = table(
        {
            key(0): commit(protocol(), meta(), add("a", 1)),
            key(1): commit(add("b", 2)),
            key(1, f"checkpoint.{UUID}.json"): broken,
        }
    )
    assert found["row_count"] == 3
    assert "is passed over: it is no checkpoint" in found["warnings"][0]


def test_a_changed_byte_in_a_checkpoint_does_not_go_unnoticed() -> None:
    facts = [protocol(), meta(), *(add(f"part-{at}", 7) for at in range(50))]
    whole = checkpoint(*facts, compression="none", use_dictionary=False, write_page_checksum=True)
    row = re.escape(b'{"numRecords": 7}')
    at = [match.end() - 2 for match in re.finditer(row, whole)][25]
    changed = whole[:at] + b"9" + whole[at + 1 :]
    commits = {key(0): commit(*facts), key(1): commit()}
    assert table({key(1, "checkpoint.parquet"): whole})["row_count"] == 350
    ran = run({key(1, "checkpoint.parquet"): changed})
    assert ran.tables == {} and "Parquet" in ran.files[key(1, "checkpoint.parquet")]["error"]
    assert table(commits | {key(1, "checkpoint.parquet"): changed})["row_count"] == 350


def test_a_checksum_tells_of_a_commit_that_was_cut_at_the_end_of_a_line() -> None:
    lines = commit(protocol(), meta(), add("a", 1), add("b", 2))
    told = json.dumps({"numFiles": 2, "tableSizeBytes": 200, "numMetadata": 1, "numProtocol": 1}).encode()
    cut = lines[: lines.rindex(b'{"add"')]
    assert warned({key(0): lines, key(0, "crc"): told}) == []
    [said] = warned({key(0): cut, key(0, "crc"): told})
    assert said.startswith("its log gives 1 files of 100 bytes, but its checksum says 2 of 200")
    assert warned({key(0): cut, key(0, "crc"): b"{}"}) == warned({key(0): cut, key(0, "crc"): b"[" * 100_000}) == []
    later = {key(0): lines, key(0, "crc"): told, key(1): commit(remove("a"))}
    assert warned(later) == [], "an older version's checksum says nothing of this one"
    store = DictStore({key(0): lines, key(0, "crc"): b" " * (2 << 20)})
    assert run(store).tables["t"]["row_count"] == 3
    assert [name for name, _ in store.ranges] == [key(0)], "one that lists all files again is not worth its bytes"
    only = {key(3, "checkpoint.parquet"): checkpoint(protocol(), meta(), add("a", 1)), key(3, "crc"): told}
    assert warned(only) == [said]


@pytest.mark.parametrize(
    "trace", ["2.crc", "0.2.compacted.json", "2.checkpoint.0000000001.0000000002.parquet", f"2.checkpoint.{UUID}.tmp"]
)
def test_a_lost_newest_commit_leaves_traces(trace: str) -> None:
    at, *rest = trace.split(".")
    name = f"{int(at):020d}." + (f"{2:020d}.compacted.json" if "compacted" in rest else ".".join(rest))
    commits = {key(0): commit(protocol(), meta(), add("a", 1)), key(1): commit(add("b", 1))}
    [said] = warned({**commits, f"t/_delta_log/{name}": b"{}"})
    assert said == "this is version 1, but its log has traces of version 2, whose commit is missing"
    assert warned({**commits, f"t/_delta_log/{name}": b"{}", key(2): commit(add("c"))}) == []


def test_a_commit_without_content_is_told() -> None:
    [said] = warned({key(0): commit(protocol(), meta()), key(1): b""})
    assert said == f"1 commit of its log without content, the first {key(1)}"


def test_commits_of_a_catalog_are_told_only_when_they_are_newer() -> None:
    def staged(version: int) -> dict[str, bytes]:
        return {f"t/_delta_log/_staged_commits/{version:020d}.{UUID}.json": commit(add("b"))}

    objects = {key(0): commit(protocol(3, "catalogManaged"), meta(), add("a", 1))}
    assert warned(objects | staged(0)) == []
    assert warned(objects | staged(1)) == ["a catalog manages its commits; those not published yet are not seen"]


def test_paths_that_are_not_encoded_or_absolute_are_found_where_they_lie() -> None:
    objects = {
        key(0): commit(
            protocol(),
            meta(),
            add("k=a%253Ab/1.parquet", 1),
            add("k=a%3Ab/2.parquet", 2),
            add("s3://bucket/lake/t/k=c/3.parquet", 4),
            add("file:/lake/t/k=d%20e/4.parquet", 8),
            add("s3://bucket/other/k=c/5.parquet", 16),
            add("s3:/[/6.parquet", 32),
        )
    }
    names = ("k=a%3Ab/1.parquet", "k=a%3Ab/2.parquet", "k=c/3.parquet", "k=d e/4.parquet")
    ran = run(objects | {f"t/{name}": b"x" * 100 for name in names} | {"t/k=c/5.parquet": b"another file, of its size"})
    assert ran.tables["t"]["row_count"] == 63
    live = {name: row["row_count"] for name, row in ran.files.items() if row["status"] == "read"}
    assert live == {f"t/{name}": 1 << at for at, name in enumerate(names)}
    assert ran.tables["t"]["warnings"] == ["2 of its 6 live files are not stored here"]


def test_a_vector_without_values_is_none() -> None:
    none = vector(0) | {"storageType": None, "pathOrInlineDv": None, "cardinality": None, "offset": None}
    objects = {
        key(0): commit(protocol(), meta(), add("a", 3, deletes=none), add("b", 4)),
        key(1): commit(remove("a"), remove("b", deletes=none)),
    }
    assert (table({key(0): objects[key(0)]})["row_count"], table(objects)["row_count"]) == (7, 0)


def test_a_checkpoint_is_fetched_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.lakehouse.parquet._PORTION", 200_000)
    many = [add(f"part-{at:06d}-{'x' * 40}", 3) for at in range(20_000)]
    name = key(9, "checkpoint.parquet")
    store = DictStore({name: checkpoint(protocol(), meta(), *many, compression="none", row_group_size=2000)})
    assert run(store).tables["t"]["row_count"] == 60_000
    ends = [end for _, (_, end) in store.ranges[1:]]
    assert len(ends) > 5 and ends == sorted(ends)


def test_types_of_newer_writers() -> None:
    declared = meta(field("a", "string collate UNICODE_CI"), field("b", "time(6)"), field("c", "geography(4326)"))
    ran = run({key(0): commit(protocol(), declared)})
    assert ran.types("t") == {"a": "string", "b": "time", "c": "geography"}


def test_what_was_removed_though_it_was_not_live_tells_of_damage() -> None:
    first = {key(0): commit(protocol(), meta(), add("a", 1), add("b", 2))}
    [said] = warned(first | {key(1): commit(remove("A"))})
    assert said == "1 removal of files that were not live: its log is damaged"
    assert warned(first | {key(1): commit(remove("a"))}) == []
    swapped = commit(add("a", 1, deletes=vector(1)), remove("a"))
    assert warned(first | {key(1): swapped}) == []
    tombs = commit(protocol(), meta(), remove("gone"), add("a", 1))
    assert warned({key(1, f"checkpoint.{UUID}.json"): tombs, key(2): commit(remove("a"))}) == []


def test_an_action_that_nobody_knows_is_told() -> None:
    usual = commit(
        *({name: {}} for name in ("commitInfo", "txn", "cdc", "checkpointMetadata")), {"add": None, "txn": {}}
    )
    first = {key(0): commit(protocol(), meta(), add("a", 1)) + usual}
    assert warned(first) == []
    assert warned(first | {key(1): commit({"remoVe": {"path": "a"}})}) == [
        "its log has actions that are not known: remoVe"
    ]
    assert warned(first | {key(1): b"{}\n"}) == []
