"""What the live board costs: CPU of the app while every source of a job moves five times a second.

`python bench/board.py` prints a table; it fails when 2,000 sources cost much more than 20 do.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.house import House
from core.jobs.board import Board
from core.jobs.model import SourceState
from core.jobs.owners import this_owner
from core.progress import Phase, Progress
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp

SECONDS = 10
FILES = 100_000
_MOST_TIMES = 3.0


def script(home: str, count: int) -> None:
    """Be the worker: a job of `count` running sources whose counters all move five times a second."""
    with House(load_settings(home=home, environ={})) as house:
        store = house.store
        names = [f"source {number}" for number in range(count)]
        job = store.create(workflow_id="bench", tenant_id="t", payload={}, source_ids=names, owner=this_owner())
        for seq in range(count):
            store.move_source(job, seq, SourceState.RUNNING)
        print(job, flush=True)
        done = 0
        while True:
            done += 40
            counters = Progress(phase=Phase.READING, listed=FILES, to_read=FILES, done=done, requests=done)
            store.put_progress(job, ((seq, counters) for seq in range(count))).result()
            time.sleep(0.2)


async def measure(home: str) -> tuple[float, float]:
    """CPU seconds a second of the app on the board, and milliseconds a look."""
    with House(load_settings(home=home, environ={})) as house:
        app = NuvynApp(house)
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("3")
            await asyncio.sleep(2)
            began, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(SECONDS)
            share = (time.process_time() - cpu) / (time.perf_counter() - began)
        board = Board(house.store, house.store.overview()[0].job_id)
        board.look(range(20))
        began = time.perf_counter()
        for _ in range(20):
            board.look(range(20))
        return share, (time.perf_counter() - began) * 50


def main() -> None:
    """Measure 20 and 2,000 running sources."""
    shares = {}
    print(f"{'sources':>8} {'CPU of a core':>14} {'a look':>10}")
    for count in (20, 2000):
        with tempfile.TemporaryDirectory() as folder:
            home = str(Path(folder) / "home")
            worker = subprocess.Popen([sys.executable, __file__, home, str(count)], stdout=subprocess.PIPE, text=True)
            try:
                assert worker.stdout is not None
                worker.stdout.readline()
                shares[count], look = asyncio.run(measure(home))
            finally:
                worker.kill()
                worker.wait()
        print(f"{count:>8,} {shares[count]:>13.1%} {look:>7.2f} ms")
    times = shares[2000] / shares[20]
    print(f"2,000 sources cost {times:.2f} times what 20 do")
    assert times < _MOST_TIMES


if __name__ == "__main__":
    script(sys.argv[1], int(sys.argv[2])) if len(sys.argv) > 1 else main()
