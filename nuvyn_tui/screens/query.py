"""Query."""

from textual.app import ComposeResult
from textual.widgets import Static

from nuvyn_tui.screens.mode import ModeScreen


class QueryScreen(ModeScreen):
    """Query."""

    PLACE = "query"

    def panes(self) -> ComposeResult:
        yield Static("query")
