"""A million rows in Query: seconds to the first rows, a page, a jump to the end, a resize, the longest stall.

`python bench/query_million.py` prints a table, each query beside the same one over a thousand rows; it
fails when rows are missing, or moving in a million costs much more than in a thousand.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from textual.pilot import Pilot

from core.house import House
from core.mirror.mirror import Staged
from core.mirror.session import Session
from core.settings import load_settings
from core.stage import Stage
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.query import QueryScreen
from nuvyn_tui.widgets.results import Results

MANY, FEW = 1_000_000, 1_000
_MOVES = 20
_MOST_TIMES = 3.0
_FILL = f"""
INSERT INTO hive_metastore._executor_metadata.columns
SELECT 'w', 's' || range % 20, 'table_' || range // 40, 'column_' || range % 40, 'string', range % 40, true,
    ['a[/foo]b', 'x' || range], false, false, 'BYTE_ARRAY', 'parquet', 7, [], NULL
FROM range({MANY})
"""
_QUERIES = {
    "range": "SELECT range AS id, 'name ' || range AS name, range * 0.5 AS half FROM range({count})",
    "columns": "SELECT * FROM columns LIMIT {count}",
    "sorted": "SELECT * FROM columns ORDER BY table_name, position LIMIT {count}",
}


def fill(house: House, folder: Path) -> None:
    """A mirror with a million rows in `columns`."""
    stage = Stage.begin(folder / "stage")
    stage.write_rows("sources", [{"workflow_id": "w", "source_id": "s0", "job_id": "j"}])
    stage.seal({})
    house.mirror.commit([Staged("w", "s0", "j", stage)], datetime(2026, 1, 1))
    with Session(house.settings.mirror, "hive_metastore").writing() as connection:
        connection.execute(_FILL)


async def stalls(found: list[float]) -> None:
    """Note how long the event loop was kept from its work, again and again."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        found.append(time.perf_counter() - began - 0.005)


async def mean(pilot: Pilot[int], *keys: str) -> float:
    """Milliseconds for a key to be drawn, over `_MOVES` of them."""
    began = time.perf_counter()
    for at in range(_MOVES):
        await pilot.press(keys[at % len(keys)])
    return (time.perf_counter() - began) * 1000 / _MOVES


async def measure(pilot: Pilot[int], sql: str) -> list[float]:
    """Rows; seconds to the first of them; milliseconds of a page, a jump, a step, a resize, the longest stall."""
    screen = pilot.app.screen
    assert isinstance(screen, QueryScreen)
    lags: list[float] = []
    watch = asyncio.create_task(stalls(lags))
    began = time.perf_counter()
    screen.ask(sql)
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    first = time.perf_counter() - began
    results = screen.query_one(Results)
    assert results.table is not None
    results.go()
    moves = [
        await mean(pilot, "pagedown"),
        await mean(pilot, "ctrl+end", "ctrl+home"),
        await mean(pilot, "l", "j"),
    ]
    began = time.perf_counter()
    for at in range(_MOVES):
        await pilot.resize_terminal(*((80, 24), (120, 40))[at % 2])
    moves.append((time.perf_counter() - began) * 1000 / _MOVES)
    watch.cancel()
    return [results.table.row_count, first, *moves, max(lags) * 1000]


async def run(house: House) -> bool:
    """Measure every query with few rows and with many."""
    good = True
    print(
        f"{'query':10} {'rows':>10} {'first rows':>11} {'page':>8} {'jump':>8} {'step':>8} {'resize':>8} {'stall':>8}"
    )
    async with NuvynApp(house).run_test(size=(120, 40)) as pilot:
        await pilot.app.switch_mode("query")
        await measure(pilot, "SELECT 1")
        for name, sql in _QUERIES.items():
            few, many = [await measure(pilot, sql.format(count=count)) for count in (FEW, MANY)]
            for count, first, *rest in (few, many):
                print(f"{name:10} {count:>10,} {first:>9.2f} s" + "".join(f" {ms:>5.0f} ms" for ms in rest))
            times = [after / before for before, after in zip(few[2:6], many[2:6], strict=True)]
            print(f"{'':10} {'':>10} {'times':>11}" + "".join(f" {each:>8.2f}" for each in times))
            good = good and many[0] == MANY and max(times) <= _MOST_TIMES
    return good


def main() -> None:
    """Fill a mirror, measure, say whether it holds."""
    with tempfile.TemporaryDirectory() as folder, House(load_settings(home=f"{folder}/home", environ={})) as house:
        fill(house, Path(folder))
        good = asyncio.run(run(house))
    sys.exit(0 if good else f"rows are missing, or moving costs over {_MOST_TIMES} times as much with a million rows")


if __name__ == "__main__":
    main()
