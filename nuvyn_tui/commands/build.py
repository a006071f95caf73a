"""What can be done in Build."""

from nuvyn_tui.commands.command import Command

COMMANDS: tuple[Command, ...] = ()
