"""Asking for a file and writing a list of frozen rows to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.text import plural
from nuvyn_tui.screens.dialogs import Prompt, Question
from nuvyn_tui.screens.mode import ModeScreen


async def write_rows(screen: ModeScreen, rows: Sequence[Any], name: str) -> None:
    """Ask where to, and write the rows there by its suffix; nothing is overwritten unasked."""
    from core.mirror.results import write_file
    from nuvyn_tui.screens.query_file import asked_path

    question = f"Write {plural(len(rows), 'row')} to which file? The suffix chooses: .csv, .json or .parquet"
    said = await screen.app.push_screen_wait(Prompt(question, f"{name}.csv"))
    if said is None:
        return
    path, form = asked_path(said)
    if path.exists() and not await screen.app.push_screen_wait(Question(f"Overwrite {path}?", "Overwrite")):
        return

    def write() -> None:
        import pyarrow as pa

        write_file(pa.Table.from_pylist([asdict(row) for row in rows]), path, form)

    await screen.bridge.other(write)
    screen.notify(f"Wrote {plural(len(rows), 'row')} to {path}", markup=False)
