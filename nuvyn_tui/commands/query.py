"""What can be done in Query."""

from nuvyn_tui.commands.command import Command

COMMANDS: tuple[Command, ...] = ()
