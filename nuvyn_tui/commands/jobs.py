"""What can be done in Jobs."""

from nuvyn_tui.commands.command import Command

COMMANDS: tuple[Command, ...] = ()
