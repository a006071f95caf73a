"""Ten minutes of work during which workers and runs are killed at random, two hundred times.

`python bench/soak.py` queues jobs all the time, some atomic and some on sources that other jobs have too, keeps three
workers and a run in the foreground going, kills one of them as with `kill -9` every three seconds, and changes the
lake meanwhile. At the end one worker finishes. Fails when a job that was told of is not there or did not end, a source
was stored by a job twice, the mirror's sums differ from the lake, or anything is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import Checks, nuvyn

_WORKERS = 3
_WORKFLOWS = 12
_SOURCES = 3


class Soak:
    """One home folder, its lake, and the processes that work on it."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.home, self._lake, self._dice = folder / "home", folder / "lake", dice
        self._environ = {**os.environ, "NUVYN_HOME": str(self.home)}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        self.told: set[str] = set()
        self.kills = 0
        for source in range(_SOURCES):
            self.change(source)

    def change(self, source: int) -> None:
        """Make a folder's files anew, never less than half of them."""
        place = self._lake / f"s{source}"
        place.mkdir(parents=True, exist_ok=True)
        for at in range(40):
            path = place / f"part-{at:02}.csv"
            if at < 20 or self._dice.random() < 0.5:
                path.write_text("id,name\n" + "1,a\n" * self._dice.randint(1, 20))
            else:
                path.unlink(missing_ok=True)

    def queue(self) -> None:
        """Queue a job of one of the workflows."""
        done = subprocess.run(
            nuvyn("run", self._payload(), "--queue", "--json"), env=self._environ, capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"a job could not be queued: {done.stdout}{done.stderr}")
        self.told.add(json.loads(done.stdout.splitlines()[-1])["job_id"])

    def tend(self) -> None:
        """Keep the workers and one run going."""
        self._processes = [process for process in self._processes if process.poll() is None]
        while len(self._processes) <= _WORKERS:
            runs = len(self._processes) == _WORKERS
            command = nuvyn("run", self._payload(), "--json") if runs else nuvyn("worker")
            quiet = subprocess.DEVNULL
            self._processes.append(subprocess.Popen(command, env=self._environ, stdout=quiet, stderr=quiet))

    def kill(self) -> None:
        """Kill one of them."""
        victim = self._dice.choice(self._processes)
        victim.kill()
        victim.wait()
        self.kills += 1

    def end(self) -> None:
        """Let the workers go, and have one finish what there is."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait()
        # A run that was stopped has cancelled its job; each source is read once more, as the lake is now.
        for workflow in range(_WORKFLOWS):
            self.told.add(self._final(workflow))
        done = subprocess.run(nuvyn("worker", "--once"), env=self._environ, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the last worker ended with {done.returncode}: {done.stderr}")

    def rows(self) -> int:
        """The rows of all files of the lake."""
        return sum(len(path.read_text().splitlines()) - 1 for path in self._lake.rglob("*.csv"))

    def files(self) -> int:
        """The files of the lake."""
        return sum(1 for _ in self._lake.rglob("*.csv"))

    def _final(self, workflow: int) -> str:
        path = self._payload(workflow)
        done = subprocess.run(
            nuvyn("run", path, "--queue", "--json"), env=self._environ, capture_output=True, text=True, check=True
        )
        return str(json.loads(done.stdout.splitlines()[-1])["job_id"])

    def _payload(self, workflow: int | None = None) -> str:
        number = self._dice.randrange(_WORKFLOWS) if workflow is None else workflow
        sources = [{"source_id": f"s{at}", "data_source_path": str(self._lake / f"s{at}")} for at in range(_SOURCES)]
        self._dice.shuffle(sources)
        options = {"atomic": number % 3 == 0, "parallel_sources": 1 + number % 2}
        path = self._folder / f"{number}.json"
        part = self._folder / f"{number}.part"
        part.write_text(json.dumps({"workflow_id": f"w{number}", "sources": sources, "options": options}))
        part.replace(path)
        return str(path)


def main() -> None:
    """Work, kill, check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), random.Random(given.seed))
        began, pause = time.monotonic(), given.minutes * 60 / given.kills
        while soak.kills < given.kills:
            soak.tend()
            soak.queue()
            if soak.kills % 10 == 0:
                soak.change(soak.kills // 10 % _SOURCES)
            due = began + pause * (soak.kills + 1)
            time.sleep(max(0.0, due - time.monotonic()))
            soak.kill()
        soak.end()
        print(f"{soak.kills} kills in {time.monotonic() - began:.0f} s, {len(soak.told)} jobs told of")
        _check(soak, checks)
    checks.end()


def _check(soak: Soak, checks: Checks) -> None:
    with contextlib.closing(sqlite3.connect(soak.home / "jobs.sqlite")) as store:
        jobs = dict(store.execute("SELECT job_id, state FROM jobs").fetchall())
        whole = store.execute("PRAGMA integrity_check").fetchall()
    checks.check(whole == [("ok",)], f"the job store: {whole[0][0]}")
    lost = soak.told - set(jobs)
    checks.check(not lost, f"{len(lost)} jobs lost")
    open_ = [state for state in jobs.values() if state in ("queued", "running")]
    checks.check(not open_, f"{len(open_)} of {len(jobs)} jobs have not ended")
    bad = [jobs[job] for job in soak.told & set(jobs) if jobs[job] != "completed"]
    checks.check(not bad, f"{len(bad)} of those told of did not complete")
    left = [path.name for path in soak.home.iterdir() if ".next-" in path.name or ".spill-" in path.name]
    left += [path.name for path in (soak.home / "runs").iterdir()]
    checks.check(not left, f"{len(left)} folders left")
    import duckdb

    with duckdb.connect(":memory:") as mirror:
        mirror.execute(f"ATTACH '{soak.home / 'mirror.duckdb'}' AS hive_metastore (READ_ONLY)")
        mirror.execute("USE hive_metastore._executor_metadata")

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return mirror.execute(sql).fetchall()

        twice = ask(
            "SELECT count(*) FROM (SELECT 1 FROM executor_runs WHERE status = 'success'"
            " GROUP BY regexp_replace(run_id, ':\\d+$', '') HAVING count(*) > 1)"
        )
        checks.check(twice == [(0,)], f"{twice[0][0]} sources stored twice by one job")
        sums = ask("SELECT workflow_id, count(*), sum(row_count)::BIGINT FROM files GROUP BY 1")
        wanted = (soak.files(), soak.rows())
        right = sum((files, rows) == wanted for _, files, rows in sums)
        checks.check(
            right == len(sums) == _WORKFLOWS, f"{right} of {_WORKFLOWS} workflows: {wanted[0]} files, {wanted[1]} rows"
        )


if __name__ == "__main__":
    main()
