"""Run."""

from textual.app import ComposeResult
from textual.widgets import Static

from nuvyn_tui.screens.mode import ModeScreen


class RunScreen(ModeScreen):
    """Run."""

    PLACE = "run"

    def panes(self) -> ComposeResult:
        yield Static("run")
