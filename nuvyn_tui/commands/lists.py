"""What can be done in every list."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("list.up", "up,k", "Up", "Move up.", action="move(-1)", palette=False),
    Command("list.down", "down,j", "Down", "Move down.", action="move(1)", palette=False),
    Command("list.page-up", "pageup,ctrl+b", "Page up", "Move up by a page.", action="page(-1)", palette=False),
    Command("list.page-down", "pagedown,ctrl+f", "Page down", "Move down by a page.", action="page(1)", palette=False),
    Command("list.first", "home,g", "First", "Move to the first row.", action="edge(False)", palette=False),
    Command("list.last", "end,G", "Last", "Move to the last row.", action="edge(True)", palette=False),
    Command("list.open", "enter", "Open", "Open the row.", action="choose", palette=False),
    Command("list.copy", "y", "Copy", "Copy the row.", action="copy", palette=False),
)
