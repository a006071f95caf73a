"""Where a job's rows are written beside the local mirror, and how that goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import NuvynError, UsageError
from core.mirror.mirror import Mirror
from core.payload.models import Job
from core.secret_register import HIDDEN
from core.settings import Settings
from core.text import plural

if TYPE_CHECKING:
    from core.databricks.target import Target

_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a job that asks for `write_to_db` gets: a target, or why there is none.

    Without a target the mirror alone is what was asked for, unless there is an `error`.
    """

    target: Target | None = None
    warning: str = ""
    error: NuvynError | None = None

    @property
    def pending(self) -> bool:
        """Whether a source still has to be written somewhere once it is in the mirror."""
        return self.target is not None or self.error is not None


@dataclass(frozen=True, slots=True)
class Written:
    """The sources that are in the warehouse, verified, and what kept the others out of it."""

    source_ids: tuple[str, ...]
    error: NuvynError | None = None


def wanted_target(settings: Settings, job: Job, *, write_to_db: bool) -> Wanted:
    """Where a job's rows go; its own credentials come before the environment's and the config file's."""
    if not write_to_db:
        return Wanted()
    from core.databricks.target import NotConfigured, target_of

    credentials: dict[str, Any] = job.databricks_credentials or {}
    if HIDDEN in credentials.values():
        return Wanted(
            error=UsageError(
                "the job's own Databricks credentials were not kept",
                hint="secrets are never stored: run the payload again, or set DATABRICKS_ACCESS_TOKEN",
            )
        )
    try:
        return Wanted(target_of(settings, credentials))
    except NotConfigured as error:
        return Wanted(warning=f"only the local mirror is written: {error}")
    except UsageError as error:
        return Wanted(error=error)


async def write(
    target: Target,
    mirror: Mirror,
    folder: Path,
    workflow_id: str,
    source_ids: Sequence[str],
    note: Callable[[str, str], None],
) -> Written:
    """Sync some sources of the mirror; `note` takes the level and text of what is worth telling.

    Cancelled, it ends the sync and is back within seconds.
    """
    from core.databricks.sync import Scope, Sync
    from core.databricks.task import SyncTask

    sync = Sync(target, mirror, folder, Scope(workflow_id, tuple(source_ids)))
    note("info", f"writing {plural(len(source_ids), 'source')} to {target.place} on {target.host}")
    task = SyncTask(sync, sync.run)
    told = 0
    ended = asyncio.wrap_future(task.future)
    try:
        while not ended.done():
            await asyncio.wait([ended], timeout=_LOOK_S)
            for _, text in sync.progress.notes[told:]:
                note("warning", text)
                told += 1
        result = ended.result()
    except asyncio.CancelledError:
        task.cancel()
        with suppress(NuvynError):
            await asyncio.wrap_future(task.future)
        raise
    except NuvynError as error:
        return Written(tuple(source for _, source in sync.progress.done), error)
    finally:
        if not sync.stop.is_set():
            await asyncio.to_thread(sync.close)
    note("info", f"written and verified: {plural(result.rows, 'row')} in {plural(result.statements, 'statement')}")
    return Written(tuple(source for _, source in (*result.sent, *result.equal)))
