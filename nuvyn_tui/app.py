"""The app: modes, theme, keys, palette. What a mode does is in its screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, ClassVar

from textual import work
from textual.app import App, ScreenStackError
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from core.house import House
from core.jobs.tending import Tending
from nuvyn_tui.bridge import Bridge
from nuvyn_tui.commands.app import COMMANDS, MODES
from nuvyn_tui.commands.command import Command, bindings
from nuvyn_tui.commands.remap import remapped
from nuvyn_tui.crash import is_designed, told, write_report
from nuvyn_tui.palette import Commands
from nuvyn_tui.screens.dialogs import Reader
from nuvyn_tui.text import plain

_TEND_EVERY_S = 1.0
_MOST_CRASHES = 5


def _screen(mode: str) -> Callable[[], Screen[Any]]:
    """A mode's screen, imported when it is first shown."""

    def make() -> Screen[Any]:
        found: Screen[Any] = getattr(import_module(f"nuvyn_tui.screens.{mode}"), f"{mode.title()}Screen")()
        return found

    return make


class NuvynApp(App[int]):
    """nuvyn in the terminal, on one home folder."""

    TITLE = "nuvyn"
    CSS_PATH = "app.tcss"
    MODES: ClassVar[dict[str, Any]] = {mode: _screen(mode) for mode in MODES}
    DEFAULT_MODE = "jobs"
    BINDINGS = bindings(COMMANDS)
    COMMANDS = {Commands}
    ENABLE_COMMAND_PALETTE = True

    status: reactive[str] = reactive("")
    """What runs now, in a few words."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.bridge = Bridge(house)
        self.keymap, self._notices = remapped(house.settings.keys)
        self._tending = Tending(house)
        self._crashes: list[float] = []
        self.doing = ""
        """What this app does beside the jobs, in a word."""
        self.set_keymap(self.keymap)
        self.theme = self._chosen_theme(house.settings.theme)

    def _chosen_theme(self, wanted: str | None) -> str:
        if wanted is not None and wanted not in self.available_themes:
            known = ", ".join(sorted(self.available_themes))
            self._notices.append(f"There is no theme {wanted}. Known: {known}")
            wanted = None
        return wanted or self._fitting_theme()

    def _fitting_theme(self) -> str:
        """The terminal's own colours where it has only sixteen.

        Not with NO_COLOR: that makes greys of a theme's colours, and of the terminal's own all black.
        """
        few = self.console.color_system in (None, "standard") and not self.no_color
        return "ansi-dark" if few else "textual-dark"

    def on_mount(self) -> None:
        for notice in (*self.bridge.house.settings.warnings, *self._notices):
            self.notify(notice, severity="warning", timeout=10)
        self.set_interval(_TEND_EVERY_S, self.tend)
        self.tend()

    @work(exclusive=True, group="tend")
    async def tend(self) -> None:
        """See to it that a worker is there when jobs wait."""
        jobs = await self.bridge.store(self._tending.tend)
        self.status = ", ".join(filter(None, (jobs, self.doing)))

    async def on_unmount(self) -> None:
        self.bridge.close()

    def keys_of(self, command: Command) -> str:
        """A command's keys, as remapped in the settings."""
        return self.keymap.get(command.id, command.keys)

    async def open(self, mode: str, then: Callable[[Any], object]) -> None:
        """Go to a mode and tell its screen what to show."""
        await self.switch_mode(mode)
        then(self.screen)

    async def action_mode(self, mode: str) -> None:
        await self.switch_mode(mode)

    def action_help(self) -> None:
        from nuvyn_tui.screens.help import help_text

        self.push_screen(Reader("Help", help_text(self, self.screen, self.focused)))

    def action_jump(self) -> None:
        from nuvyn_tui.screens.jump import Jump

        targets = [widget for widget in self.screen.focus_chain if widget.region]
        self.push_screen(Jump(targets), self._jumped)

    def _jumped(self, target: Widget | None) -> None:
        if target is not None:
            target.focus()

    def crashed(self, error: BaseException) -> None:
        """Show an error in its pane; one that isn't designed gets a report on disk first."""
        message, hint = told(error)
        if not is_designed(error):
            path = write_report(self.bridge.house.settings.logs, error)
            hint = f"nuvyn goes on. The details are in {path}" if path else "nuvyn goes on."
        self.show_error(message, hint)

    def show_error(self, message: str, hint: str = "") -> None:
        """The error pane."""
        text = message + (f"\n\nWhat to do: {hint}" if hint else "")
        self.push_screen(Reader("Something went wrong", text, failed=True))

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A notification; its text may hold names from outside, so it is never markup."""
        super().notify(plain(message).plain, title=title, severity=severity, timeout=timeout, markup=False)

    def clear_selection(self) -> None:
        """As Textual's; an input of the first screen asks for it before that screen is on the stack."""
        with suppress(ScreenStackError):
            super().clear_selection()

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """Every fault that reaches Textual's end of the line: show it and go on, unless it repeats."""
        now = time.monotonic()
        self._crashes = [at for at in self._crashes if now - at < 2] + [now]
        if not self.is_running or not self.screen_stack or len(self._crashes) > _MOST_CRASHES:
            super()._handle_exception(error)
            return
        self.crashed(error)
