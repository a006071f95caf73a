"""Help for what has the focus, then for the mode, then for everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from nuvyn_tui.commands.command import Command, shown_keys
from nuvyn_tui.commands.registry import commands_of
from nuvyn_tui.screens.mode import ModeScreen
from nuvyn_tui.widgets.grid import Grid

if TYPE_CHECKING:
    from nuvyn_tui.app import NuvynApp


def help_text(app: NuvynApp, screen: Screen[object], focused: Widget | None) -> Content:
    """The help that fits: the focused pane first."""
    parts: list[Content] = []
    if focused is not None and (about := getattr(focused, "HELP", None)):
        parts += [Content.styled("This pane", "bold"), Content(f"\n{about}\n\n")]
    if isinstance(focused, Grid):
        parts += _keys(app, commands_of("lists"))
    if isinstance(screen, ModeScreen):
        parts += [Content.styled(f"\n{screen.PLACE.title()}", "bold"), Content(f"\n{screen.HELP}\n\n")]
        parts += _keys(app, commands_of(screen.PLACE))
    parts += [Content.styled("\nEverywhere", "bold"), Content("\n\n")]
    parts += _keys(app, commands_of("app"))
    return Content("").join(parts)


def _keys(app: NuvynApp, commands: Iterable[Command]) -> list[Content]:
    return [
        Content.assemble((f"{shown_keys(app.keys_of(command)):14} ", "bold"), f"{command.about}\n")
        for command in commands
        if command.keys
    ]
