"""What keeps a source from being found, told before a run: a path that means no place, an unknown connection."""

from __future__ import annotations

from core.errors import NuvynError
from core.payload.decode import child
from core.payload.models import Source
from core.payload.problems import Checked, Problem
from core.settings import Settings
from core.sources.locations import locate


def with_places(checked: Checked, settings: Settings) -> Checked:
    """The checked payload with a warning for each source that would fail as it starts.

    No errors: the contract accepts such a payload, and its other sources run.
    """
    job = checked.job
    if job is None:
        return checked
    holder = "sources" if job.raw.get("sources") else "job_metadata.sources"
    found = (_problem(source, "" if job.single else f"{holder}[{source.index}]", settings) for source in job.sources)
    return Checked(job, (*checked.problems, *(problem for problem in found if problem is not None)))


def _problem(source: Source, place: str, settings: Settings) -> Problem | None:
    if source.path is None:
        return None
    name = "connection"
    try:
        connection = settings.connection(source.connection) if source.connection else None
        name = "data_source_path"
        locate(source.path, source.type, connection=connection)
    except NuvynError as error:
        return Problem(child(place, name), error.message, error.hint, "warning")
    return None
