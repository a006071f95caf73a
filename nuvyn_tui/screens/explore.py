"""Explore."""

from textual.app import ComposeResult
from textual.widgets import Static

from nuvyn_tui.screens.mode import ModeScreen


class ExploreScreen(ModeScreen):
    """Explore."""

    PLACE = "explore"

    def panes(self) -> ComposeResult:
        yield Static("explore")
