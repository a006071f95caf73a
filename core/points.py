"""Moments at which a test may end the process, as a power cut would: named where they are, and free otherwise.

They stand before and after whatever becomes lasting: a transaction, a rename, a file's removal. `docs/guarantees.md`
says what holds at each of them.
"""

from __future__ import annotations

from collections.abc import Callable

_hook: Callable[[str], None] | None = None


def reached(name: str) -> None:
    """Tell that a moment has come."""
    if _hook is not None:
        _hook(name)


def watch(hook: Callable[[str], None] | None) -> None:
    """Have `hook` called with each moment's name; None ends that."""
    global _hook
    _hook = hook
