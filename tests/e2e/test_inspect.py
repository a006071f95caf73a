"""`nuvyn inspect`: what a place is thought to be, with the evidence; nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Nuvyn, place
from tests.every_format import lake
from tests.servers.objects import ObjectServer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for key, data in lake().items():
        path = tmp_path / "lake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "lake"


def test_a_folder_is_told_whole_and_nothing_is_kept(nuvyn: Nuvyn, folder: Path) -> None:
    ran = nuvyn("inspect", str(folder), "--json")
    assert ran.code == 0, ran.err
    found = ran.json()
    assert found["listed"] == len(lake()) == sum(found["counts"].values()) == len(found["files"])
    tables = {table["table_name"]: table for table in found["tables"]}
    assert tables["delta/t"]["row_count_source"] == "footer"
    assert tables["delta/t"]["properties"]["delta.version"] == "1"
    assert tables["lying/x"]["properties"]["recognised by"] == "its bytes, though its name says csv"
    assert tables["no suffix/x"]["properties"]["recognised by"] == "its bytes; its name says nothing"
    assert tables["orc/x"]["properties"] == {}
    assert [column["column_name"] for column in tables["csv/x"]["columns"]] == ["id", "name"]
    assert list(nuvyn.home.glob("**/*.duckdb")) == list(nuvyn.home.glob("**/*.sqlite")) == []
    shown = nuvyn("inspect", str(folder), "--limit", "2").out
    assert "more tables: --limit shows more" in shown
    assert "failed: broken/cut.parquet: it does not end like Parquet" in shown
    assert "of no known format: picture.png" in shown


def test_one_file_with_samples_and_a_count(nuvyn: Nuvyn, folder: Path) -> None:
    ran = nuvyn("inspect", str(folder / "csv/x.csv"), "--samples", "2", "--exact")
    assert ran.code == 0
    assert "50 (counted)" in ran.out
    assert "like 'n0', 'n1'" in ran.out
    failed = nuvyn("inspect", str(folder / "broken/x.json"))
    assert (failed.code, "failed: x.json: " in failed.out) == (1, True)


def test_an_object_store_and_its_requests(nuvyn: Nuvyn, object_server: ObjectServer) -> None:
    bucket = object_server.bucket({"a.csv": b"x,y\n1,2\n", "odd\x1b[31m.csv": b"a\n1\n"})
    ran = nuvyn("inspect", place(bucket))
    assert "requests: 1 LIST, 2 GET" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("/nowhere/at all",), 1, "does not exist"),
        (("x", "--connection", "unheard"), 2, "unheard"),
        (("x", "--type", "colour"), 2, "colour"),
        ((), 2, "PATH"),
        (("postgresql://nobody@nowhere.invalid/db",), 1, "cannot be reached"),
    ],
)
def test_what_cannot_be_inspected_says_why(nuvyn: Nuvyn, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = nuvyn("inspect", *arguments)
    assert (ran.code, said in ran.err, "Traceback" in ran.err) == (code, True, False), ran.err
    assert nuvyn("inspect", *arguments, "--json").code == code


def test_json_is_one_document(nuvyn: Nuvyn, folder: Path) -> None:
    assert json.loads(nuvyn("inspect", str(folder / "orc"), "--json").out)["tables"][0]["row_count"] == 50
