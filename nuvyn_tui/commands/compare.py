"""What can be done with a comparison."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("compare.kind", "f", "Kind", "Show the next kind of difference only.", footer=1),
    Command("compare.export", "e", "Export", "Write the differences to a file.", footer=2),
    Command("compare.back", "escape", "Back", "Back to Explore.", footer=3),
)
