"""What DuckDB's errors mean, told from their text."""

from __future__ import annotations


def is_taken(error: Exception) -> bool:
    """Whether another process, or another connection of this one, has the file open. A broken file tells of a block."""
    text = str(error).lower()
    signs = ("lock on file", "conflicting lock", "being used by another process", "already attached")
    return any(sign in text for sign in signs)
