"""The palette: every command of the mode and of the app, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from nuvyn_tui.commands.command import Command, shown_key
from nuvyn_tui.commands.registry import commands_of
from nuvyn_tui.screens.mode import ModeScreen

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp


class Commands(Provider):
    """Offers what can be done here."""

    async def discover(self) -> Hits:
        for command in self._here():
            yield DiscoveryHit(self._name(command), self._doing(command), help=command.about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._here():
            name = self._name(command)
            if (score := max(matcher.match(name), matcher.match(command.about))) > 0:
                yield Hit(score, matcher.highlight(name), self._doing(command), help=command.about)

    def _here(self) -> Iterator[Command]:
        screen = self.screen
        places = (screen.PLACE, "app") if isinstance(screen, ModeScreen) else ("app",)
        for place in places:
            for command in commands_of(place):
                if command.palette and screen.check_action(command.does, ()) is not False:
                    yield command

    def _name(self, command: Command) -> str:
        app: NuvynApp = self.app  # type: ignore[assignment]
        place = command.id.partition(".")[0]
        key = shown_key(app.keys_of(command).split(",")[0]) if command.keys else ""
        return f"{command.label}" + (f" ({key})" if key else "") + ("" if place == "app" else f", {place}")

    def _doing(self, command: Command) -> Callable[[], Awaitable[bool]]:
        return partial(self.app.run_action, command.does, self.screen)
