"""Choosing one of many in a dialog: type to narrow down, arrows move, enter takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import plain
from nuvyn_tui.widgets.grid import Column, Grid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One line: its cells, and what is chosen with it."""

    cells: tuple[str, ...]
    value: T


class Pick(Guarded, ModalScreen[Any]):
    """Dismissed with the value of the chosen line, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("up", "move(-1)", "Up"),
        Binding("down", "move(1)", "Down"),
        Binding("pageup", "page(-1)", "Page up"),
        Binding("pagedown", "page(1)", "Page down"),
    ]

    def __init__(
        self, title: str, columns: Sequence[Column], choices: Sequence[Choice[Any]], *, empty: str = "nothing here"
    ) -> None:
        super().__init__()
        self._title, self._choices, self._empty = title, choices, empty
        self._columns = columns

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog pick"):
            yield Static(plain(self._title), classes="dialog-title")
            yield Input(placeholder="type to narrow down", compact=True)
            yield Grid[Choice[Any]](self._columns, _cells, _key, empty=self._empty, header=False)
            yield Static("enter takes, arrows move, esc goes back", classes="dialog-keys")

    def on_mount(self) -> None:
        self._grid.can_focus = False
        self._grid.show(self._choices)

    @property
    def _grid(self) -> Grid[Choice[Any]]:
        return self.query_one(Grid)

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        words = event.value.lower().split()
        rows = [c for c in self._choices if all(word in "\n".join(c.cells).lower() for word in words)]
        self._grid.show(rows, empty=self._empty if not self._choices else "none of them holds that text")

    @on(Input.Submitted)
    @on(Grid.Chosen)
    def _take(self) -> None:
        if self._grid.row is not None:
            self.dismiss(self._grid.row.value)

    def action_move(self, by: int) -> None:
        self._grid.action_move(by)

    def action_page(self, pages: int) -> None:
        self._grid.action_page(pages)

    def action_leave(self) -> None:
        self.dismiss(None)


def _cells(choice: Choice[Any]) -> Sequence[str]:
    return choice.cells


def _key(choice: Choice[Any]) -> tuple[str, ...]:
    return choice.cells
