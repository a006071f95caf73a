"""The names of some views with the shown one marked, on as many lines as they need."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from nuvyn_tui.guard import Guarded


class ViewNames(Guarded, Widget):
    """A click on a name posts `Chosen` with its number."""

    DEFAULT_CSS = "ViewNames { height: auto; color: $text-muted; }"

    class Chosen(Message):
        """A view was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._names: tuple[str, ...] = ()
        self._current = 0
        self._after = ""

    def show(self, names: Sequence[str], current: int, after: str = "") -> None:
        """Show these names, our own words; `after` says what is cut."""
        self._names, self._current, self._after = tuple(names), current, after
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        lines = []
        for line in self._lines(self.size.width):
            lines.append(Content("").join(Content.styled(text, self._style(at)) for at, text in line))
        return Content("\n").join(lines)

    def on_click(self, event: events.Click) -> None:
        where = event.get_content_offset(self)
        lines = self._lines(self.size.width)
        if where is None or where.y >= len(lines):
            return
        end = 0
        for at, text in lines[where.y]:
            end += len(text)
            if where.x < end:
                if at is not None:
                    self.post_message(self.Chosen(at))
                return

    def _style(self, at: int | None) -> str:
        if at is None:
            return "$text-warning"
        return "bold reverse" if at == self._current else ""

    def _lines(self, width: int) -> list[list[tuple[int | None, str]]]:
        """The names by line, each with its number; a name is never broken."""
        found: list[list[tuple[int | None, str]]] = [[]]
        room = width
        parts: list[tuple[int | None, str]] = [(at, f" {name} ") for at, name in enumerate(self._names)]
        for part in [*parts, *([(None, f" {self._after}")] if self._after else [])]:
            if len(part[1]) > room and found[-1]:
                found.append([])
                room = width
            found[-1].append(part)
            room -= len(part[1])
        return found
