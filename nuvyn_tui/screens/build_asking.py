"""What Build asks for: a file to open or save, a job whose payload to take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.jobs.model import JobRecord
from nuvyn_tui.screens.build_picker import OpenFile, SaveFile
from nuvyn_tui.screens.query_pick import Choice, Pick
from nuvyn_tui.widgets.grid import Column

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp

_RECENT = 100


async def ask_file_to_open(app: NuvynApp) -> Path | None:
    """A payload file, or None."""
    return await app.push_screen_wait(OpenFile(".", "Open a payload"))


async def ask_file_to_save(app: NuvynApp, name: str) -> Path | None:
    """Where to save, or None; whether to overwrite is asked elsewhere."""
    return await app.push_screen_wait(SaveFile(".", "Save the payload", default_file=name))


async def ask_recent(app: NuvynApp) -> JobRecord | None:
    """A job whose payload is wanted, or None."""
    store = app.bridge.house.store
    lines = await app.bridge.store(store.overview, limit=_RECENT)
    choices = [Choice((line.workflow_id, line.state.value, line.job_id[-8:]), line.job_id) for line in lines]
    columns = (Column("workflow"), Column("state", 10), Column("job", 8))
    job_id = await app.push_screen_wait(Pick("Take the payload of which job?", columns, choices, empty="no job yet"))
    return None if job_id is None else await app.bridge.store(store.job, job_id)
