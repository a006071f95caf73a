"""What a program took: its time, its CPU and its memory, measured from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
# What is measured is the program as it is installed: compiled once, not at each start.
_ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, seconds of CPU, the largest resident memory in MB, and what it printed to either stream."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    printed: str
    told: str


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> Took:
    """Run a program to its end.

    Raises:
        SystemExit: it failed; the message has the end of what it printed.
    """
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as told:
        began = time.perf_counter()
        process = subprocess.Popen(arguments, env={**_ENVIRON, **environ}, stdout=printed, stderr=told)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        texts = [(file.seek(0), file.read())[1] for file in (printed, told)]
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} ended with {process.returncode}:\n{''.join(texts)[-2000:]}")
    # Linux says KiB, macOS bytes.
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / unit, *texts)


def nuvyn(*arguments: str) -> list[str]:
    """The command line of this Python's nuvyn."""
    return [str(Path(sys.executable).with_name("nuvyn")), *arguments]


def rounds(count: int, ways: Mapping[str, Callable[[], Took]]) -> dict[str, Took]:
    """Run each way in turn, so many times over; the median of each figure."""
    taken: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(count):
        for name, way in ways.items():
            taken[name].append(way())
    return {
        name: Took(
            median(each.wall_s for each in found),
            median(each.cpu_s for each in found),
            median(each.peak_mb for each in found),
            found[-1].printed,
            found[-1].told,
        )
        for name, found in taken.items()
    }


class Checks:
    """What must hold: each is printed with its figure, and any that doesn't makes the end a failure."""

    def __init__(self) -> None:
        self._broken: list[str] = []

    def check(self, holds: bool, text: str) -> None:
        """Print one."""
        print(f"  {'holds ' if holds else 'BROKEN'}  {text}", flush=True)
        if not holds:
            self._broken.append(text)

    def end(self) -> None:
        """Leave with a failure when anything didn't hold."""
        sys.exit("\n".join(("did not hold:", *self._broken)) if self._broken else 0)
