"""The line of modes at the top and the line of keys at the bottom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from nuvyn_tui.commands.app import COMMANDS, MODES
from nuvyn_tui.commands.command import Command, shown_key
from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import fit

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp

_LEAST_STATUS = 12
_ALWAYS = ("app.help", "app.quit")


class _Bar(Guarded, Widget):
    """One line whose parts do something when they are clicked."""

    DEFAULT_CSS = "_Bar { height: 1; }"

    def _parts(self) -> Iterator[tuple[str, str, str]]:
        """Text, component class and action of each part, from left to right."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        segments = [
            Segment(text, base + self.get_component_rich_style(name, partial=True) if name else base)
            for text, name, _ in self._parts()
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    async def on_click(self, event: events.Click) -> None:
        at = 0
        for text, _, action in self._parts():
            at += len(text)
            if event.x < at:
                if action:
                    await self.app.run_action(action, self.screen)
                return


class ModeBar(_Bar):
    """The modes with their digits; the right end says what runs."""

    COMPONENT_CLASSES = {"mode-bar--name", "mode-bar--mode", "mode-bar--current", "mode-bar--status"}
    DEFAULT_CSS = """
    ModeBar { dock: top; background: $panel; color: $text-muted; }
    ModeBar > .mode-bar--name { text-style: bold; color: $text-primary; }
    ModeBar > .mode-bar--current { text-style: bold reverse; }
    ModeBar > .mode-bar--status { color: $text-accent; }
    """

    status: reactive[str] = reactive("")

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current

    def on_mount(self) -> None:
        self.watch(self.app, "status", self._told)

    def _told(self, status: str) -> None:
        self.status = status

    def _parts(self) -> Iterator[tuple[str, str, str]]:
        wide = self.size.width >= 70
        parts = [(" nuvyn ", "mode-bar--name", "")] if wide else []
        for digit, mode in enumerate(MODES, 1):
            name = "mode-bar--current" if mode == self._current else "mode-bar--mode"
            # A narrow bar has one blank between modes, so that the status fits too.
            shown = f" {digit} {mode.title()} " if wide else f"{digit} {mode.title()}"
            parts += [] if wide else [(" ", "", "")]
            parts.append((shown, name, f"app.mode('{mode}')"))
        used = sum(len(text) for text, _, _ in parts)
        status = f" {self.status}" + " " * wide if self.status else ""
        room = self.size.width - used
        if status and room >= _LEAST_STATUS:
            text = status.rjust(room) if len(status) <= room else fit(status, room)
            parts.append((text, "mode-bar--status", "app.mode('run')"))
        yield from parts


class KeyLine(_Bar):
    """The keys that matter here, as many as fit; help and quit are always there."""

    COMPONENT_CLASSES = {"key-line--key"}
    DEFAULT_CSS = """
    KeyLine { dock: bottom; background: $panel; color: $text-muted; }
    KeyLine > .key-line--key { text-style: bold; color: $text; }
    """

    def __init__(self, commands: tuple[Command, ...]) -> None:
        super().__init__()
        self._commands = commands

    def _parts(self) -> Iterator[tuple[str, str, str]]:
        always = [command for command in COMMANDS if command.id in _ALWAYS]
        room = self.size.width - sum(self._length(command) for command in always) - 1
        for command in sorted((c for c in self._commands if c.footer), key=lambda c: c.footer):
            if not self._possible(command) or self._length(command) > room:
                continue
            room -= self._length(command)
            yield from self._part(command)
        yield (fit("", room + 1), "", "")
        for command in always:
            yield from self._part(command)

    def _possible(self, command: Command) -> bool:
        return self.screen.check_action(command.does, ()) is not False

    def _key(self, command: Command) -> str:
        house: NuvynApp = self.app  # type: ignore[assignment]
        return shown_key(house.keys_of(command).split(",")[0])

    def _length(self, command: Command) -> int:
        return len(self._key(command)) + len(command.label) + 3

    def _part(self, command: Command) -> Iterator[tuple[str, str, str]]:
        yield (f" {self._key(command)}", "key-line--key", command.does)
        yield (f" {command.label} ", "", command.does)
