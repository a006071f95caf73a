"""Dialogs: a question, an error with its cause and hint, a text to read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import plain


class Question(Guarded, ModalScreen[bool]):
    """Asks before something that cannot be undone. `y` or enter on the button does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
        Binding("left,right", "app.focus_next", "Other"),
    ]

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._question, self._yes = question, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(plain(self._question), classes="dialog-text")
            with Horizontal(classes="buttons"):
                yield Button(f"{self._yes} (y)", variant="error", id="yes", compact=True)
                yield Button("Keep (n)", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class Prompt(Guarded, ModalScreen[str | None]):
    """Asks for one line of text; None when it was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, question: str, value: str = "", *, placeholder: str = "") -> None:
        super().__init__()
        self._question, self._value, self._placeholder = question, value, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(plain(self._question), classes="dialog-text")
            yield Input(self._value, placeholder=self._placeholder, compact=True)
            yield Static("enter accepts, esc goes back", classes="dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        self.dismiss(None)


class Reader(Guarded, ModalScreen[None]):
    """A text to read, scroll and copy: an error with cause and hint, a job's whole story, help."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,question_mark", "leave", "Back"),
        Binding("y", "copy", "Copy"),
        Binding("j", "scroll(1)", "Down"),
        Binding("k", "scroll(-1)", "Up"),
    ]

    def __init__(self, title: str, text: Content | str, *, failed: bool = False) -> None:
        super().__init__()
        self._title, self._failed = title, failed
        self._text = text if isinstance(text, Content) else plain(text)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog reader -failed" if self._failed else "dialog reader"):
            yield Static(plain(self._title), classes="dialog-title")
            with VerticalScroll():
                yield Static(self._text)
            yield Static("esc back   y copy   arrows scroll", classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(f"{self._title}\n{self._text.plain}")
        self.app.notify("Copied.", markup=False)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
