"""Jump: a letter over each pane that can have the focus; pressing it goes there."""

from __future__ import annotations

from string import ascii_lowercase

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from nuvyn_tui.guard import Guarded


class Jump(Guarded, ModalScreen[Widget | None]):
    """Dismissed with the chosen widget, or None."""

    def __init__(self, targets: list[Widget]) -> None:
        super().__init__()
        self._targets = dict(zip(ascii_lowercase, targets, strict=False))

    def compose(self) -> ComposeResult:
        for letter, target in self._targets.items():
            mark = Static(f" {letter} ", classes="jump-mark")
            mark.styles.offset = (target.region.x, target.region.y)
            yield mark

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(self._targets.get(event.key))
