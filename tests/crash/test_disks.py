"""A disk that is full, or that may not be written: told, with what to do, and nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.command import Nuvyn
from tests.crash.disks import Disk, can_mount

pytestmark = pytest.mark.skipif(not can_mount(), reason="only where a mount can be made")

_ROWS = "SELECT source_id, file_path, row_count, status FROM files ORDER BY ALL"


@pytest.fixture
def nuvyn(tmp_path: Path) -> Nuvyn:
    home = tmp_path / "home"
    home.mkdir()
    return Nuvyn(home)


def payload(nuvyn: Nuvyn, lake: Path, rows: int) -> str:
    """A payload of two sources beside the home, each file with so many rows."""
    sources = {}
    for name in ("a", "b"):
        place = lake / name
        place.mkdir(parents=True, exist_ok=True)
        for at in range(60):
            (place / f"{at}.csv").write_text("id,name\n" + "1,a\n" * rows)
        sources[name] = str(place)
    return nuvyn.payload(sources)


def of(rows: list[dict[str, Any]]) -> set[tuple[str, int]]:
    """How many rows each source's files have, as the mirror says."""
    return {(row["source_id"], row["row_count"]) for row in rows}


# From too small for the store, over what breaks off somewhere, to enough.
@pytest.mark.parametrize("size_kb", [40, 300, 700, 2_600])
def test_a_full_disk(nuvyn: Nuvyn, tmp_path: Path, size_kb: int) -> None:
    given = payload(nuvyn, tmp_path / "lake", 1)
    [ran, doctor] = Disk(nuvyn, size_kb).run(("run", given), ("doctor", "--json"))
    told = ran.out + ran.err
    assert "Traceback" not in told
    assert ran.code == 0 or ("is full" in told and "make room" in told), told
    assert doctor.code == 0, doctor.out + doctor.err
    # Now there is room: whatever the job's state is, it can go on.
    assert nuvyn("worker", "--once").code == 0
    for job in nuvyn("jobs", "--json").json():
        if job["status"] != "completed":
            assert nuvyn("retry", job["job_id"]).code == 0
    if not nuvyn("jobs", "--json").json():
        assert nuvyn("run", given).code == 0
    rows = nuvyn.rows(_ROWS)
    assert len(rows) == 120 and of(rows) == {("a", 1), ("b", 1)}


@pytest.mark.parametrize("more_kb", [0, 600])
def test_a_disk_that_gets_full_has_the_rows_of_before_or_those_of_now(
    nuvyn: Nuvyn, tmp_path: Path, more_kb: int
) -> None:
    given = payload(nuvyn, tmp_path / "lake", 1)
    assert nuvyn("run", given).code == 0
    payload(nuvyn, tmp_path / "lake", 2)
    size_kb = sum(path.stat().st_size for path in nuvyn.home.rglob("*") if path.is_file()) // 1024 + 16
    [ran] = Disk(nuvyn, size_kb + more_kb).run(("run", given, "--json"))
    assert "Traceback" not in ran.out + ran.err
    rows = nuvyn.rows(_ROWS)
    assert len(rows) == 120
    counted = of(rows)
    assert len(counted) == 2, "half of a source is of before"
    if ran.code == 0:
        assert counted == {("a", 2), ("b", 2)}
    assert nuvyn("worker", "--once").code == 0
    assert nuvyn("run", given).code == 0
    assert of(nuvyn.rows(_ROWS)) == {("a", 2), ("b", 2)}
    assert nuvyn("doctor").code == 0


def test_a_home_that_may_not_be_written(nuvyn: Nuvyn, tmp_path: Path) -> None:
    given = payload(nuvyn, tmp_path / "lake", 1)
    assert nuvyn("run", given).code == 0
    run, jobs, query, doctor = Disk(nuvyn).run(
        ("run", given), ("jobs", "--json"), ("query", _ROWS, "--json"), ("doctor",), read_only=True
    )
    assert run.code != 0 and jobs.code != 0
    assert "NUVYN_HOME" in run.err and "Traceback" not in run.err + jobs.err
    assert len(query.json()) == 120
    assert doctor.code != 0 and "cannot be written: Read-only file system" in doctor.out
    assert "nuvyn repair" not in doctor.out
