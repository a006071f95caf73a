"""Asking for a file, and writing a list of frozen rows to it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from core.text import plural
from nuvyn_tui.screens.dialogs import Prompt, Question
from nuvyn_tui.screens.mode import ModeScreen


@dataclass(frozen=True, slots=True)
class Place:
    """A file to write, and its format. `download` is its name when it goes on to a browser."""

    path: Path
    form: str
    download: str | None = None

    @property
    def shown(self) -> str:
        """Where the rows go, in words."""
        return str(self.path) if self.download is None else self.download


async def ask_place(screen: ModeScreen, count: int, name: str) -> Place | None:
    """Where to write so many rows; what is there is not overwritten unasked. In a browser they are downloaded.

    Raises:
        UsageError: the suffix names no format.
    """
    from nuvyn_tui.screens.query_file import asked_path

    web = screen.app.is_web
    question = f"{'Download' if web else 'Write'} {plural(count, 'row')} {'as' if web else 'to'} which file?"
    said = await screen.app.push_screen_wait(
        Prompt(f"{question} The suffix chooses: .csv, .json or .parquet", f"{name}.csv")
    )
    if said is None:
        return None
    path, form = asked_path(said)
    if web:
        # In the home folder, which nobody else may read, until the browser has it.
        handle, made = mkstemp(dir=screen.bridge.house.settings.runs, prefix="download-", suffix=path.suffix)
        os.close(handle)
        return Place(Path(made), form, path.name)
    there = await screen.bridge.other(path.exists)
    if there and not await screen.app.push_screen_wait(Question(f"Overwrite {path}?", "Overwrite")):
        return None
    return Place(path, form)


def hand_out(screen: ModeScreen, place: Place) -> None:
    """Send what was written on to the browser, when there is one."""
    if place.download is not None:
        # An open file is read to its end, also when `drop` has taken its name.
        screen.app.deliver_binary(place.path.open("rb"), save_filename=place.download)


def drop(place: Place) -> None:
    """Leave nothing behind of a download."""
    if place.download is not None:
        place.path.unlink(missing_ok=True)


async def write_rows(screen: ModeScreen, rows: Sequence[Any], name: str) -> None:
    """Ask where to, and write the rows there by its suffix."""
    from core.mirror.results import write_file

    if not rows:
        screen.notify("This list is empty; there is nothing to write.")
        return
    place = await ask_place(screen, len(rows), name)
    if place is None:
        return

    def write() -> None:
        import pyarrow as pa

        write_file(pa.Table.from_pylist([asdict(row) for row in rows]), place.path, place.form)

    try:
        await screen.bridge.other(write)
        hand_out(screen, place)
    finally:
        drop(place)
    screen.notify(f"Wrote {plural(len(rows), 'row')} to {place.shown}", markup=False)
