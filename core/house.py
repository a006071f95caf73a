"""The opened home folder: settings, job store and mirror; what every front end works on."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from core.jobs.store import JobStore
from core.settings import Settings

if TYPE_CHECKING:
    from core.mirror.mirror import Mirror


class House:
    """Opens the home folder, making it when it isn't there. Close it, or use it in a `with`."""

    def __init__(self, settings: Settings) -> None:
        settings.prepare()
        self.settings = settings
        self.store = JobStore(settings.jobs)

    @cached_property
    def mirror(self) -> Mirror:
        """The mirror that the settings name; its libraries are imported on first use."""
        return open_mirror(self.settings)

    def close(self) -> None:
        """Finish what was submitted and let go of the files."""
        self.store.close()

    def __enter__(self) -> House:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_mirror(settings: Settings) -> Mirror:
    """The mirror that the settings name; other instances on the same file may be open."""
    from core.mirror.mirror import Mirror

    return Mirror(settings.mirror, catalog=settings.catalog, schema=settings.schema_name)
