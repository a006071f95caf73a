"""A crash at the worst moment: the rows are in the mirror, the job store does not know it yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.jobs.model import SourceState
from core.jobs.store import JobStore
from core.mirror.mirror import Mirror
from tests.command import ROOT, Nuvyn

DIES = """
import os, sys
from core.jobs.model import SourceState
from core.jobs.store import JobStore
move = JobStore.move_source
def dying(self, job_id, seq, state, **more):
    if state is SourceState.SUCCESS:
        os._exit(9)
    move(self, job_id, seq, state, **more)
JobStore.move_source = dying
from core.cli.main import main
main(["worker", "--once"])
"""


def test_a_source_that_was_committed_is_not_run_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    nuvyn = Nuvyn(tmp_path)
    job_id = nuvyn("run", nuvyn.payload({"one": str(tmp_path / "a.csv")}), "--queue", "--json").json()["job_id"]
    died = subprocess.run([sys.executable, "-c", DIES], env=nuvyn.environ(), cwd=ROOT, stderr=subprocess.DEVNULL)
    assert died.returncode == 9
    mirror = Mirror(tmp_path / "mirror.duckdb")
    assert mirror.committed(job_id, "w") == {"one"}
    before = mirror.query("SELECT * FROM executor_runs").to_pylist()

    assert nuvyn("worker", "--once").code == 0
    store = JobStore(tmp_path / "jobs.sqlite")
    [source] = store.sources(job_id)
    store.close()
    assert (source.state, source.attempts) == (SourceState.SUCCESS, 1)
    assert source.result is not None and source.result["metadata"]["files_found"] == 1
    assert mirror.query("SELECT * FROM executor_runs").to_pylist() == before
    assert os.listdir(tmp_path / "runs") == []
