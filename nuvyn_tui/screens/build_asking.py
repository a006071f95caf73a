"""What Build asks for: a file to open or save, a job whose payload to take."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.jobs.model import JobRecord
from core.payload.decode import NotJson, decode
from core.payload.load import read_payload
from core.payload.problems import json_type
from nuvyn_tui.screens.build_picker import OpenFile, SaveFile
from nuvyn_tui.screens.query_pick import Choice, Pick
from nuvyn_tui.widgets.grid import Column

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp

_RECENT = 100


async def ask_payload(app: NuvynApp) -> tuple[dict[str, Any], str] | None:
    """A payload from a file and the file's name, or None; what is wrong with the file is shown.

    Raises:
        UsageError: the file can't be read.
    """
    path = await app.push_screen_wait(OpenFile(".", "Open a payload"))
    if path is None:
        return None
    text, _ = await app.bridge.other(read_payload, str(path), io.StringIO(), {})
    try:
        value = decode(text)
    except NotJson as error:
        app.show_error(f"{path.name} is not JSON: {error}", error.hint)
        return None
    if not isinstance(value, dict):
        app.show_error(f"{path.name} holds {json_type(value)}, not a payload", "a payload is one JSON object: { … }")
        return None
    return value, path.name


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
