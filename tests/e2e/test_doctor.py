"""`nuvyn doctor` tells what is well and what is not; `nuvyn repair` mends it and loses nothing in silence."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.jobs.migrate import VERSION
from tests.command import Nuvyn

SECRET = "canary-7d2e9f41"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "lake"
    folder.mkdir()
    (folder / "a.csv").write_text("id,name\n1,a\n")
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where three workflows of two sources each were run; the lake lies beside it."""
    folder = tmp_path_factory.mktemp("used")
    home, lake = folder / "home", folder / "lake"
    home.mkdir()
    lake.mkdir()
    (lake / "a.csv").write_text("id,name\n1,a\n")
    nuvyn = Nuvyn(home)
    for workflow in ("w0", "w1", "w2"):
        assert nuvyn("run", nuvyn.payload({"a": str(lake), "b": str(lake)}, workflow)).code == 0
    return home


@pytest.fixture
def used(nuvyn: Nuvyn, template: Path) -> Nuvyn:
    """A copy of it."""
    shutil.copytree(template, nuvyn.home, dirs_exist_ok=True)
    return nuvyn


def findings(nuvyn: Nuvyn, *more: str, well: bool = True) -> dict[str, dict[str, Any]]:
    ran = nuvyn("doctor", "--json", *more)
    assert ran.code == (0 if well else 1), ran.out + ran.err
    said = ran.json()
    assert said["well"] == well
    return {finding["name"]: finding for finding in said["findings"]}


def flip(path: Path, at: int, count: int) -> None:
    """Overwrite some of a file's bytes."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * count)


def test_an_empty_home_is_well_and_stays_empty(nuvyn: Nuvyn) -> None:
    found = findings(nuvyn)
    assert (found["job store"]["level"], found["mirror"]["level"]) == ("off", "off")
    assert os.listdir(nuvyn.home) == []


def test_all_is_well(used: Nuvyn) -> None:
    found = findings(used)
    assert "whole: 3 completed" in found["job store"]["text"]
    assert "6 sources, 6 tables, 12 columns, 6 files" in found["mirror"]["text"]
    assert used("repair").out.splitlines()[:2] == [
        f"the job store {used.home / 'jobs.sqlite'} is whole",
        f"the mirror {used.home / 'mirror.duckdb'} is whole",
    ]


def test_connections_are_tried_and_their_secrets_not_told(nuvyn: Nuvyn, lake: Path) -> None:
    (nuvyn.home / "config.toml").write_text(
        f'[connections.here]\nkind = "local_filesystem"\nurl = "{lake}"\n'
        f'[connections.bare]\nkind = "azure_blob"\naccount_key = "{SECRET}"\n'
        f'[connections.gone]\nkind = "postgresql"\nurl = "postgresql://u:{SECRET}@127.0.0.1:1/d"\n'
    )
    ran = nuvyn("doctor", "--json")
    found = {finding["name"]: finding for finding in ran.json()["findings"]}
    assert found["connection here"]["text"].endswith("lists 1 object")
    assert "signs with an account key" in found["connection bare"]["text"]
    assert found["connection gone"]["level"] == "broken"
    assert found["settings"]["level"] in ("ok", "warning")
    text = nuvyn("doctor")
    assert SECRET not in ran.out + ran.err + text.out + text.err
    assert "connection gone" not in findings(nuvyn, "--offline")


def test_a_folder_open_to_others_is_told(used: Nuvyn) -> None:
    os.chmod(used.home / "logs", 0o755)
    found = [f for f in used("doctor", "--json").json()["findings"] if f["level"] == "warning"]
    assert any(f["hint"] == f"chmod 700 {used.home / 'logs'}" for f in found)


def test_a_broken_mirror_keeps_what_can_be_read_and_the_rest_is_run_again(used: Nuvyn) -> None:
    before = used.rows("SELECT workflow_id, source_id, count(*) AS n FROM columns GROUP BY ALL ORDER BY ALL")
    (used.home / "mirror.duckdb").write_bytes(b"x" * 20_000)
    assert findings(used, well=False)["mirror"]["hint"] == "nuvyn repair"
    ran = used("repair", "--json")
    assert [each["workflow_id"] for each in ran.json()["again"]] == ["w0", "w1", "w2"]
    assert used("worker", "--once").code == 0
    assert used.rows("SELECT workflow_id, source_id, count(*) AS n FROM columns GROUP BY ALL ORDER BY ALL") == before
    [aside] = used.home.glob("mirror.duckdb.broken-*[0-9]")
    assert aside.read_bytes() == b"x" * 20_000
    findings(used)


def test_sources_that_different_jobs_stored_are_all_run_again(nuvyn: Nuvyn, lake: Path) -> None:
    for sources in (("a", "b"), ("c",), ("a", "c")):
        assert nuvyn("run", nuvyn.payload({name: str(lake) for name in sources})).code == 0
    (nuvyn.home / "mirror.duckdb").write_bytes(b"x" * 20_000)
    # The newest job has `a` and `c`, so of the others only the one with `b` is run.
    assert len(nuvyn("repair", "--json").json()["again"]) == 2
    assert nuvyn("worker", "--once").code == 0
    assert nuvyn.rows("SELECT source_id FROM sources ORDER BY 1") == [{"source_id": name} for name in "abc"]


def test_a_mirror_cut_short_or_with_flipped_bytes_is_noticed_and_mended(used: Nuvyn) -> None:
    path = used.home / "mirror.duckdb"
    whole = path.read_bytes()
    rows = used.rows("SELECT workflow_id, source_id, count(*) AS n FROM columns GROUP BY ALL ORDER BY ALL")
    size = len(whole)
    for name, change in {
        "cut": lambda: os.truncate(path, size // 2),
        "header": lambda: flip(path, 4_096, 4_096),
        "rows": lambda: flip(path, size // 3, size // 3),
        "end": lambda: flip(path, size - 8_192, 8_192),
    }.items():
        path.write_bytes(whole)
        change()
        noticed = used("doctor", "--json", "--offline").code == 1
        ran = used("repair", "--json")
        assert ran.code == 0, (name, ran.err)
        assert noticed or not ran.json()["again"], name
        assert used("worker", "--once").code == 0
        now = used.rows("SELECT workflow_id, source_id, count(*) AS n FROM columns GROUP BY ALL ORDER BY ALL")
        assert now == rows, (name, ran.out)
        findings(used, "--offline")


def test_a_payload_that_had_secrets_is_named_and_not_run_without_them(nuvyn: Nuvyn, lake: Path, tmp_path: Path) -> None:
    entry = {"data_source_path": str(lake)}
    payload = nuvyn.payload({"a": entry, "b": f"postgresql://u:{SECRET}@127.0.0.1:1/d"}, options={"retries": 0})
    assert nuvyn("run", payload).code == 3
    (nuvyn.home / "mirror.duckdb").write_bytes(b"x" * 20_000)
    ran = nuvyn("repair", "--json")
    assert ran.json()["again"] == [{"workflow_id": "w", "job_id": None}]
    assert any("run its payload again" in line for line in ran.json()["done"])
    assert SECRET not in ran.out


def test_a_broken_store_keeps_the_jobs_that_can_be_read(used: Nuvyn, lake: Path) -> None:
    ids = [job["job_id"] for job in used("jobs", "--json").json()]
    path = used.home / "jobs.sqlite"
    with closing(sqlite3.connect(path)) as store:
        [(page,)] = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchall()
        [(size,)] = store.execute("PRAGMA page_size").fetchall()
    flip(path, (page - 1) * size, size)
    assert findings(used, "--offline", well=False)["job store"]["level"] == "broken"
    ran = used("repair")
    assert ran.code == 0, ran.err
    assert "rows of jobs" in ran.out
    assert [job["job_id"] for job in used("jobs", "--json").json()] == ids
    assert used("show", ids[0], "--json").json()["status"] == "completed"
    assert len(list(used.home.glob("jobs.sqlite.broken-*[0-9]"))) == 1
    findings(used, "--offline")


def test_a_store_that_is_none_is_moved_aside(used: Nuvyn, lake: Path) -> None:
    (used.home / "jobs.sqlite").write_bytes(b"not a database, by any means" * 400)
    told = used("jobs")
    assert told.code != 0
    assert "nuvyn repair" in told.err
    assert used("repair").code == 0
    assert used("jobs", "--json").json() == []
    assert used("run", used.payload({"a": str(lake)}, "w0")).code == 0


def test_a_store_of_before_is_copied_before_it_is_changed(used: Nuvyn, lake: Path) -> None:
    path = used.home / "jobs.sqlite"
    with closing(sqlite3.connect(path)) as store:
        store.executescript("DROP TABLE turns; PRAGMA user_version = 0")
    ids = [job["job_id"] for job in used("jobs", "--json").json()]
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert store.execute("SELECT count(*) FROM turns").fetchone() == (0,)
    copy = used.home / "jobs.sqlite.v0"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as store:
        assert {row[0] for row in store.execute("SELECT job_id FROM jobs")} == set(ids)
        assert store.execute("PRAGMA user_version").fetchone() == (0,)
    # When all else fails, the jobs of then are there.
    path.write_bytes(b"x" * 10_000)
    assert used("repair").code == 0
    assert [job["job_id"] for job in used("jobs", "--json").json()] == ids


def test_a_store_of_a_newer_version_is_left_alone(used: Nuvyn) -> None:
    path = used.home / "jobs.sqlite"
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA user_version = 999")
    for command in (("jobs",), ("repair",)):
        told = used(*command)
        assert told.code != 0
        assert "newer nuvyn" in told.err
    assert json.dumps(findings(used, "--offline", well=False)["job store"]).count("newer nuvyn") == 1
    assert list(used.home.glob("*.broken-*")) == []
