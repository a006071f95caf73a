"""A process killed at every moment at which something becomes lasting: nothing is lost, doubled or half written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.homes import Forks, Scenario, check_after, check_between


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    found = Forks()
    yield found
    found.close()


def killed_everywhere(scenario: Scenario, chosen: Callable[[str], bool] = lambda name: True) -> set[str]:
    """Kill the scenario's command at each moment and have a worker take over; gives the names of the moments."""
    before = scenario.look(scenario.copy("before"))
    names = set()
    for at, (name, time) in enumerate(scenario.moments):
        if not chosen(name):
            continue
        home = scenario.copy(f"case{at}")
        code = scenario.run(home, scenario.argv, patches=scenario.patches, die=(name, time))
        where = f"{scenario.name}, killed at {name} ({time})"
        # What comes by the clock may not have come this time.
        assert code == -9 or time > 1 or name.startswith("store, "), f"{where}: {code}, {scenario.told(home)}"
        try:
            check_between(scenario, before, scenario.look(home))
            assert scenario.run(home, ("worker", "--once")) == 0, scenario.told(home)
            if not scenario.queued and len(scenario.look(home)["jobs"]) == len(before["jobs"]):
                # The job was not yet made, and the operator was not told that it was.
                assert scenario.run(home, scenario.argv) in (0, 3), scenario.told(home)
            check_after(scenario, scenario.look(home))
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        shutil.rmtree(home)
        names.add(name)
    return names


def test_a_worker(forks: Forks, tmp_path: Path) -> None:
    names = killed_everywhere(Scenario("worker", forks, tmp_path))
    assert len(names) >= 40, sorted(names)
