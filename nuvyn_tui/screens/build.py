"""Build."""

from textual.app import ComposeResult
from textual.widgets import Static

from nuvyn_tui.screens.mode import ModeScreen


class BuildScreen(ModeScreen):
    """Build."""

    PLACE = "build"

    def panes(self) -> ComposeResult:
        yield Static("build")
