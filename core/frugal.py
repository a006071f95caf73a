"""What a process that reads a lake does without, so that its memory is for the lake."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

# glibc's M_ARENA_MAX, of malloc.h
_ARENA_MAX = -8


def hide_pandas() -> None:
    """Keep Arrow from importing pandas; call before Arrow is used.

    With the first array that it makes of a list, Arrow imports pandas where it is installed: half a second and
    35 MB, for telling that the list is no series. Arrow looks once; whoever else wants pandas gets it as ever.
    """
    import pyarrow as pa

    if "pandas" not in sys.modules:
        hidden = _Hidden()
        sys.meta_path.insert(0, hidden)
        try:
            pa.array([0])
        finally:
            sys.meta_path.remove(hidden)


def choose_memory() -> None:
    """Have all threads, and Arrow, take memory from one place; call before Arrow is imported.

    Otherwise each thread keeps what it no longer needs where others cannot have it.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # only glibc has it
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


class _Hidden:
    """An importer to which pandas isn't there."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("hidden from Arrow", name=name)
