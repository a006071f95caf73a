"""Inputs that fuzzing found, each with what went wrong before."""

from __future__ import annotations

FINDINGS: tuple[tuple[str, bytes], ...] = ()
"""A target's name and an input."""
