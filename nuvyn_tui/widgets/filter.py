"""A line that filters a list: hidden until it is asked for, gone again with escape."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from nuvyn_tui.guard import Guarded


class Filter(Guarded, Input):
    """Posts `Input.Changed` as the operator types; escape clears it, enter goes to the list."""

    HELP = "Type what the rows must hold. Enter goes to the list, esc shows all again."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_and_hide", "Show all")]
    DEFAULT_CSS = """
    Filter { display: none; height: 1; border: none; padding: 0 1; }
    Filter.-shown { display: block; }
    """

    def __init__(self, list_id: str, *, placeholder: str = "filter") -> None:
        super().__init__(placeholder=placeholder, compact=True, id="filter")
        self._list_id = list_id

    def ask(self) -> None:
        """Show the line and take the focus."""
        self.add_class("-shown")
        self.focus()

    def action_clear_and_hide(self) -> None:
        self.value = ""
        self.remove_class("-shown")
        self._go_to_list()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.set_class(bool(self.value), "-shown")
        self._go_to_list()

    def _go_to_list(self) -> None:
        self.screen.query_one(f"#{self._list_id}").focus()
