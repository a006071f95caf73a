"""What can be done in Explore."""

from nuvyn_tui.commands.command import Command

COMMANDS: tuple[Command, ...] = ()
