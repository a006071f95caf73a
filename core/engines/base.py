"""What an engine is: whatever reads many files with the readers of `core.formats`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.catalog import DataFile, FileReading
from core.engines.streak import Streak
from core.formats.base import ReadOptions
from core.progress import Progress
from core.sources.stores.base import Store


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: a reading, an error, or neither (a format nobody knows).

    `lasting` tells whether reading an unchanged file again would end the same.
    """

    file_type: str | None = None
    reading: FileReading | None = None
    error: str | None = None
    lasting: bool = True


class Engine(Protocol):
    """Reads each file and delivers its index and outcome, once and in any order.

    Raises:
        SourceError: the server stopped answering, or the engine cannot be had.
    """

    async def __call__(
        self,
        store: Store,
        files: Sequence[DataFile],
        options: ReadOptions,
        *,
        max_concurrency: int,
        file_timeout_s: float,
        streak: Streak,
        progress: Progress,
        deliver: Callable[[int, Outcome], None],
    ) -> None: ...
