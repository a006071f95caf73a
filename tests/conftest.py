"""Fixtures that every test may use."""

from __future__ import annotations

from tests.command import nuvyn

__all__ = ["nuvyn"]
