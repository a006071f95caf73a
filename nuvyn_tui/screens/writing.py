"""Asking for a file, and writing a list of frozen rows to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.text import plural
from nuvyn_tui.screens.dialogs import Prompt, Question
from nuvyn_tui.screens.mode import ModeScreen


async def ask_place(screen: ModeScreen, count: int, name: str) -> tuple[Path, str] | None:
    """The file to write so many rows to, and the format its suffix names; what is there is not overwritten unasked.

    Raises:
        UsageError: the suffix names no format.
    """
    from nuvyn_tui.screens.query_file import asked_path

    question = f"Write {plural(count, 'row')} to which file? The suffix chooses: .csv, .json or .parquet"
    said = await screen.app.push_screen_wait(Prompt(question, f"{name}.csv"))
    if said is None:
        return None
    path, form = asked_path(said)
    there = await screen.bridge.other(path.exists)
    if there and not await screen.app.push_screen_wait(Question(f"Overwrite {path}?", "Overwrite")):
        return None
    return path, form


async def write_rows(screen: ModeScreen, rows: Sequence[Any], name: str) -> None:
    """Ask where to, and write the rows there by its suffix."""
    from core.mirror.results import write_file

    if not rows:
        screen.notify("This list is empty; there is nothing to write.")
        return
    place = await ask_place(screen, len(rows), name)
    if place is None:
        return
    path, form = place

    def write() -> None:
        import pyarrow as pa

        write_file(pa.Table.from_pylist([asdict(row) for row in rows]), path, form)

    await screen.bridge.other(write)
    screen.notify(f"Wrote {plural(len(rows), 'row')} to {path}", markup=False)
