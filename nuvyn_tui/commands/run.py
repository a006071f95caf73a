"""What can be done in Run."""

from nuvyn_tui.commands.command import Command

COMMANDS: tuple[Command, ...] = ()
