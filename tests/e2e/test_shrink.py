"""Rows of a source vanish only when it is sure that what they tell of is gone."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import Nuvyn


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    for at in range(9):
        (folder / f"t{at}.csv").write_text("x\n1\n")
    return folder


def left(lake: Path, count: int) -> None:
    for path in sorted(lake.iterdir())[count:]:
        path.unlink()


@pytest.mark.parametrize(
    ("count", "kept", "said"),
    [(0, 9, "nothing is there where 9 were before"), (2, 9, "only 2 objects are"), (3, 3, "")],
)
def test_what_shrank_to_less_than_a_quarter_is_asked_for(
    nuvyn: Nuvyn, lake: Path, count: int, kept: int, said: str
) -> None:
    payload = nuvyn.payload({"s": str(lake)})
    assert nuvyn("run", payload).code == 0
    left(lake, count)
    ran = nuvyn("run", payload, "--json")
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": kept}]
    [source] = ran.last_json()["result_data"]["sources"]
    if not said:
        assert ran.code == 0
        return
    assert ran.code == 1
    assert said in source["error"]["message"]
    assert "--accept-shrink" in source["error"]["hint"]
    assert nuvyn("retry", ran.last_json()["job_id"], "--accept-shrink").code == 0
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": count}]


def test_it_can_be_accepted_beforehand(nuvyn: Nuvyn, lake: Path) -> None:
    payload = nuvyn.payload({"s": str(lake)})
    assert nuvyn("run", payload).code == 0
    left(lake, 1)
    assert nuvyn("run", payload, "--accept-shrink", "--queue").code == 0
    assert nuvyn("worker", "--once").code == 0
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": 1}]
    left(lake, 0)
    accepting = nuvyn.payload({"s": {"data_source_path": str(lake), "options": {"accept_shrink": True}}})
    assert nuvyn("run", accepting).code == 0
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": 0}]


def test_what_the_payload_leaves_out_is_no_shrinking(nuvyn: Nuvyn, lake: Path) -> None:
    assert nuvyn("run", nuvyn.payload({"s": str(lake)})).code == 0
    fewer = {"data_source_path": str(lake), "options": {"include": ["t1.csv"]}}
    assert nuvyn("run", nuvyn.payload({"s": fewer})).code == 0
    stopped = {"data_source_path": str(lake), "options": {"max_files": 2}}
    assert nuvyn("run", nuvyn.payload({"s": stopped})).code == 0
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": 2}]


def test_another_path_is_another_thing(nuvyn: Nuvyn, lake: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.csv").write_text("x\n1\n")
    assert nuvyn("run", nuvyn.payload({"s": str(lake)})).code == 0
    assert nuvyn("run", nuvyn.payload({"s": str(tmp_path / "other")})).code == 0
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": 1}]


def test_a_folder_that_cannot_be_listed_keeps_the_rows_of_what_is_in_it(
    nuvyn: Nuvyn, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lake / "sub").mkdir()
    (lake / "sub" / "one.csv").write_text("x\n1\n")
    payload = nuvyn.payload({"s": str(lake)})
    assert nuvyn("run", payload).code == 0
    # Links in a circle cannot be looked at, by root either.
    shutil.rmtree(lake / "sub")
    os.symlink("sub", lake / "sub")
    ran = nuvyn("run", payload, "--json")
    assert ran.code == 1, ran.out
    [source] = ran.last_json()["result_data"]["sources"]
    assert "a folder could not be listed, and 9 objects of 10 are left" in source["error"]["message"]
    assert nuvyn.rows("SELECT count(*) AS n FROM files") == [{"n": 10}]


def test_tables_of_a_database_too(nuvyn: Nuvyn, tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(path)) as database:
        for at in range(9):
            database.execute(f"CREATE TABLE t{at} (x INTEGER)")
    payload = nuvyn.payload({"s": f"sqlite:///{path}"})
    assert nuvyn("run", payload).code == 0
    with closing(sqlite3.connect(path)) as database:
        for at in range(1, 9):
            database.execute(f"DROP TABLE t{at}")
    ran = nuvyn("run", payload, "--json")
    assert ran.code == 1
    assert "only 1 table is there where 9 were before" in json.dumps(ran.last_json())
    assert nuvyn.rows("SELECT count(*) AS n FROM tables") == [{"n": 9}]
