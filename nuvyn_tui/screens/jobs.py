"""Jobs."""

from textual.app import ComposeResult
from textual.widgets import Static

from nuvyn_tui.screens.mode import ModeScreen


class JobsScreen(ModeScreen):
    """Jobs."""

    PLACE = "jobs"

    def panes(self) -> ComposeResult:
        yield Static("jobs")
