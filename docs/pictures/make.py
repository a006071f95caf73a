"""Draws `run.svg`: the board of `nuvyn run` over the demo, by the code that draws it on a terminal."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from core.cli.display import Board
from core.jobs.model import JobRecord, JobState, ProgressRecord, SourceRecord, SourceState
from core.jobs.watch import Glance


def main() -> None:
    """Write the picture beside this file."""
    console = Console(record=True, width=104, height=12, file=io.StringIO(), force_terminal=True)
    board = Board(console)
    board.stop()
    now = time.time()
    job = JobRecord(
        "job", "retail", "default", JobState.RUNNING, {}, False, now, now, None, None, None, False, None, None
    )
    states = (
        ("azure-sales", SourceState.RUNNING, "reading", 48_210, 48_190, 31_004, 3, 31_060),
        ("s3-events", SourceState.RUNNING, "listing", 212_000, None, 0, 0, 212),
        ("exports", SourceState.SUCCESS, "ended", 1_204, 1_190, 1_190, 1, 1_231),
    )
    for step in (0, 1):
        sources, progress = [], {}
        for seq, (name, state, phase, listed, to_read, done, failed, requests) in enumerate(states):
            sources.append(SourceRecord("job", seq, name, state, 1, now, None, None, None, None))
            moved = step * (1_900 if to_read else 0)
            progress[seq] = ProgressRecord(
                seq, phase, listed + step * 9_000 * (to_read is None), to_read, min(done + moved, to_read or 0), failed,
                0, requests, 0, now + step,
            )  # fmt: skip
        picture = board._draw(Glance(job, tuple(sources), progress, ()))
    console.print(picture)
    # Without the web fonts that Rich names: a picture must need no network.
    plain = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    text = console.export_svg(title="nuvyn run", unique_id="nuvyn-run", code_format=plain)
    Path(__file__).with_name("run.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
