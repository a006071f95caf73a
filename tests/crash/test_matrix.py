"""A process killed at every moment at which something becomes lasting: nothing is lost, doubled or half written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command import Forks
from tests.crash.homes import BESIDE_READERS, Scenario, check_after, check_between


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    found = Forks()
    yield found
    found.close()


def killed_everywhere(scenario: Scenario, chosen: Callable[[str], bool] = lambda name: True) -> set[str]:
    """Kill the scenario's command at each moment and have a worker take over; gives the names of the moments."""
    before = scenario.look(scenario.copy("before"))
    names = set()
    last = dict(scenario.moments)
    for at, (name, time) in enumerate(scenario.moments):
        # What comes often is the same but for how much is done: its first and its last time.
        if not chosen(name) or time not in (1, last[name]):
            continue
        home = scenario.copy(f"case{at}")
        code = scenario.run(home, scenario.argv, patches=scenario.patches, die=(name, time))
        where = f"{scenario.name}, killed at {name} ({time})"
        # What comes by the clock may not have come this time.
        assert code == -9 or time > 1 or name.startswith("store, "), f"{where}: {code}, {scenario.told(home)}"
        try:
            between = scenario.look(home)
            check_between(scenario, before, between)
            if between["jobs"] == before["jobs"]:
                # It was not done, and nobody was told that it was: whoever wanted it does it again.
                assert scenario.run(home, scenario.argv) in (0, 3), scenario.told(home)
            assert scenario.run(home, ("worker", "--once")) == 0, scenario.told(home)
            check_after(scenario, scenario.look(home))
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        shutil.rmtree(home)
        names.add(name)
    return names


def test_a_worker(forks: Forks, tmp_path: Path) -> None:
    names = killed_everywhere(Scenario("worker", forks, tmp_path))
    assert len(names) >= 40, sorted(names)


def test_a_worker_with_an_atomic_job(forks: Forks, tmp_path: Path) -> None:
    scenario = Scenario("atomic", forks, tmp_path, options={"atomic": True}, sources=("old", "new"))
    chosen = ("store, move_source", "store, end", "stage: sealed", "mirror: replaced", "mirror: committed")
    assert len(killed_everywhere(scenario, lambda name: name.startswith(chosen))) >= 7


def test_a_worker_with_a_large_commit(forks: Forks, tmp_path: Path) -> None:
    scenario = Scenario("large", forks, tmp_path, patches=BESIDE_READERS, sources=("old",))
    assert len(killed_everywhere(scenario, lambda name: name.startswith(("mirror, copy", "mirror: compacted")))) == 5


def test_a_run_in_the_foreground(forks: Forks, tmp_path: Path) -> None:
    argv = ("run", "HOME/payload.json", "--json")
    scenario = Scenario("run", forks, tmp_path, argv=argv, queued=False)
    chosen = (
        "store, create",
        "store, take",
        "store, end",
        "store, count_attempt",
        "mirror: run",
        "stage: rem",
    )
    assert len(killed_everywhere(scenario, lambda name: name.startswith(chosen))) >= 12


def test_the_app_runs_a_payload(forks: Forks, tmp_path: Path) -> None:
    argv = ("tests.crash.operator:run_payload",)
    names = killed_everywhere(Scenario("app", forks, tmp_path, argv=argv, queued=False), is_lasting)
    assert {"store, create: asked", "store, create: written", "store, create: committed"} <= names


def test_the_app_retries_a_job(forks: Forks, tmp_path: Path) -> None:
    argv, sources = ("tests.crash.operator:retry_newest",), ("old", "late")
    scenario = Scenario("retry", forks, tmp_path, argv=argv, sources=sources, first=sources, queued=False)
    names = killed_everywhere(scenario, is_lasting)
    assert {"store, requeue: asked", "store, requeue: written", "store, requeue: committed"} <= names


def is_lasting(name: str) -> bool:
    """Whether it is of what the app does, and not of its signs of life."""
    return name.startswith(("store, create", "store, requeue", "store, reserve"))
