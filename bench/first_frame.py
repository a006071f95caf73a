"""CPU seconds and memory until the first frame is drawn, with a bare Textual app beside it.

`python bench/first_frame.py` prints the median of ten; it fails when nuvyn costs over four times a bare app.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile

_RUNS = 10
_MOST_TIMES = 4.0

_MEASURE = """
import asyncio, resource, sys
async def draw(app):
    async with app.run_test(size=(120, 40)):
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""
_BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("bare")
asyncio.run(draw(Bare()))
"""
_NUVYN = """
from core.house import House
from core.settings import load_settings
from nuvyn_tui.app import NuvynApp
with House(load_settings(home=sys.argv[1], environ={})) as house:
    asyncio.run(draw(NuvynApp(house)))
"""


def measure(code: str, home: str) -> tuple[float, float]:
    """CPU seconds and the peak of memory in MB of one start."""
    done = subprocess.run([sys.executable, "-c", _MEASURE + code, home], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def main() -> None:
    """Start both ten times, one after the other."""
    runs: dict[str, list[tuple[float, float]]] = {"bare": [], "nuvyn": []}
    with tempfile.TemporaryDirectory() as home:
        for _ in range(_RUNS):
            runs["bare"].append(measure(_BARE, home))
            runs["nuvyn"].append(measure(_NUVYN, home))
    cpu = {}
    print(f"{'app':8} {'CPU to first frame':>20} {'memory':>10}")
    for name, found in runs.items():
        cpu[name] = statistics.median(seconds for seconds, _ in found)
        memory = statistics.median(megabytes for _, megabytes in found)
        print(f"{name:8} {cpu[name]:>18.3f} s {memory:>7.0f} MB")
    assert cpu["nuvyn"] < _MOST_TIMES * cpu["bare"]


if __name__ == "__main__":
    main()
