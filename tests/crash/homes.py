"""Homes that are about to run something, and what they hold once it is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.command import Forks

BESIDE_READERS = {
    "core.mirror.mirror:_MOST_ROWS_IN_PLACE": 0,
    "core.mirror.mirror:_SMALLEST_COMPACTED": 0,
    "core.mirror.mirror:_COMPACT_AT": 0,
}
"""As if every commit were a large one, after which the mirror is made smaller."""


@dataclass(frozen=True)
class Scenario:
    """What a home is made ready for: the command that does it, and what is patched there. A worker does what is left.

    The lake lies outside of the homes. Sources `first` were run before; of them `old` has changed since. `new` was
    never run, `gone` is not there, and `late` has come since.
    """

    name: str
    forks: Forks = field(repr=False)
    folder: Path
    argv: tuple[str, ...] = ("worker", "--once")
    patches: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ("old", "new", "gone")
    first: tuple[str, ...] = ("old",)
    queued: bool = True

    @cached_property
    def template(self) -> Path:
        """A home where all is ready."""
        home, lake = self.folder / "template", self.folder / "lake"
        for name, text in {"old": "id,name\n1,a\n", "new": "x\n1\n2\n"}.items():
            (lake / name).mkdir(parents=True)
            (lake / name / "a.csv").write_text(text)
        home.mkdir()
        assert self.run(home, ("run", self._payload(home, self.first), "--json")) in (0, 3), self.told(home)
        (lake / "old" / "a.csv").write_text("id,name,more\n1,a,2.5\n2,b,3.5\n")
        (lake / "old" / "b.csv").write_text("id,name,more\n3,c,1.5\n")
        (lake / "late").mkdir()
        (lake / "late" / "a.csv").write_text("y\n1\n")
        payload = self._payload(home, self.sources)
        if self.queued:
            assert self.run(home, ("run", payload, "--queue", "--json")) == 0, self.told(home)
        return home

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What a home holds when nothing went wrong."""
        home = self.copy("clean")
        code = self.run(home, self.argv, patches=self.patches, trace=str(self.folder / "trace"))
        assert code in (0, 3), self.told(home)
        assert self.run(home, ("worker", "--once")) == 0, self.told(home)
        found = self.look(home)
        assert found["left"] == [], found["left"]
        return found

    @cached_property
    def moments(self) -> list[tuple[str, int]]:
        """Every moment that the command comes by, with which time of it that is; those that come by the clock once."""
        assert self.expected["jobs"]
        times: dict[str, int] = {}
        found = []
        for name in (self.folder / "trace").read_text().splitlines():
            times[name] = times.get(name, 0) + 1
            if times[name] == 1 or not name.startswith(("store, put_progress", "store, heartbeat", "store, seen")):
                found.append((name, times[name]))
        return found

    def copy(self, name: str) -> Path:
        """A home of its own."""
        home = self.folder / name
        shutil.copytree(self.template, home)
        return home

    def run(self, home: Path, argv: tuple[str, ...], **more: Any) -> int:
        """Run a command on a home; gives its exit status, -9 when it was killed."""
        filled = [word.replace("HOME", str(home)) for word in argv]
        out = str(self.folder / f"{home.name}.out")
        if filled[0].startswith("tests."):
            return self.forks(call=[*filled, str(home)], out=out, **more)
        return self.forks(argv=["--home", str(home), *filled], out=out, **more)

    def look(self, home: Path) -> dict[str, Any]:
        """What a home holds."""
        out = self.folder / f"{home.name}.look"
        assert self.forks(call=("tests.crash.look:look", str(home)), out=str(out)) == 0, out.read_text()
        found: dict[str, Any] = json.loads(out.read_text())
        return found

    def told(self, home: Path) -> str:
        """What the last command on a home printed."""
        return (self.folder / f"{home.name}.out").read_text()

    def _payload(self, home: Path, sources: tuple[str, ...]) -> str:
        listed = [{"source_id": name, "data_source_path": str(self.folder / "lake" / name)} for name in sources]
        path = home / "payload.json"
        options = {"parallel_sources": 1, "retries": 0, **self.options}
        path.write_text(json.dumps({"workflow_id": "w", "sources": listed, "options": options}))
        return str(path)


def check_between(scenario: Scenario, before: dict[str, Any], now: dict[str, Any]) -> None:
    """After a crash: each source's rows are those of before or of after as a whole; an atomic job's all alike."""
    ways = set()
    for source in sorted({*before["rows"], *scenario.expected["rows"]}):
        found = without_runs(now["rows"].get(source, {}))
        old, new = without_runs(before["rows"].get(source, {})), without_runs(scenario.expected["rows"].get(source, {}))
        assert found in (old, new), f"{source} is half written: {found}"
        if old != new:
            ways.add(found == new)
    if scenario.options.get("atomic"):
        assert len(ways) < 2, "an atomic job is half written"


def check_after(scenario: Scenario, now: dict[str, Any]) -> None:
    """After another process has taken the job up: as if nothing had been, but for failed runs told twice."""
    expected = scenario.expected
    assert now["left"] == [], now["left"]
    jobs, wanted = now["jobs"], expected["jobs"]
    assert [(job["state"], job["sources"], job["owner"]) for job in jobs] == [
        (job["state"], job["sources"], job["owner"]) for job in wanted
    ]
    assert jobs[-1]["answer"]["result_data"]["total_sources"] == len(scenario.sources)
    for source in sorted({*now["rows"], *expected["rows"]}):
        found, should = now["rows"].get(source, {}), expected["rows"].get(source, {})
        assert without_runs(found) == without_runs(should), source
        runs, once = found.get("executor_runs", []), should.get("executor_runs", [])
        # A run that failed leaves no rows by which it would be known that it was told already.
        assert set(runs) == set(once) and (source == "gone" or len(runs) == len(once)), source


def without_runs(tables: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The rows of one source, those of its runs left out."""
    return {name: rows for name, rows in tables.items() if name != "executor_runs"}
