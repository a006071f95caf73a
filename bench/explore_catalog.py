"""A catalog of 50,000 tables and 500,000 columns: how fast its tree opens and a search answers.

`python bench/explore_catalog.py` prints a table; it fails when the counts are wrong or a search
costs more than opening the tree does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from textual.pilot import Pilot

from core.house import House
from core.mirror.search import MOST_HITS, search
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
from nuvyn_tui.screens.explore import ExploreScreen
from nuvyn_tui.widgets.grid import Grid
from tests.mirror.catalogs import commit_catalog

TABLES = 50_000
COLUMNS = 10


async def step(pilot: Pilot[int], keys: tuple[str, ...], holds: Callable[[], bool]) -> float:
    """Press keys and let the app run until something holds; returns the seconds it took."""
    began = time.perf_counter()
    await pilot.press(*keys)
    while not holds():
        await pilot.pause(0.005)
    return time.perf_counter() - began


async def measure(house: House) -> dict[str, float]:
    """Seconds of each step an operator takes."""
    found = {}
    app = NuvynApp(house)
    async with app.run_test(size=(120, 40)) as pilot:

        def tree() -> Grid[object]:
            return app.screen.query_one("#tree", Grid)

        found["the mode opens"] = await step(
            pilot, ("4",), lambda: isinstance(app.screen, ExploreScreen) and len(tree().rows) >= 2
        )
        found["a source of 50,000 tables opens"] = await step(
            pilot, ("down", "right"), lambda: len(tree().rows) >= TABLES
        )
        found["to its last row"] = await step(pilot, ("G",), lambda: tree().cursor == len(tree().rows) - 1)
    for text in ("column_7", "table_4999", "nothing like it"):
        began = time.perf_counter()
        hits = search(house.mirror, text)
        found[f"search {text!r}"] = time.perf_counter() - began
        assert len(hits.hits) <= MOST_HITS and hits.more is (text == "column_7")
    return found


def main() -> None:
    """Make the catalog and measure."""
    with tempfile.TemporaryDirectory() as folder, House(load_settings(home=folder, environ={})) as house:
        names = [f"column_{number}" for number in range(COLUMNS)]
        commit_catalog(house.mirror, house.settings.runs, "w", "s", {f"table_{n:05}": names for n in range(TABLES)})
        found = asyncio.run(measure(house))
    for name, seconds in found.items():
        print(f"{name:40} {seconds:8.3f} s")
    slowest = max(seconds for name, seconds in found.items() if name.startswith("search"))
    assert slowest < found["a source of 50,000 tables opens"]


if __name__ == "__main__":
    main()
