"""What can be done with the catalog."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("explore.search", "slash", "Search", "Search all tables, columns and types as you type.", footer=1),
    Command("explore.expand", "right,l", "Open", "Open the node.", palette=False),
    Command("explore.collapse", "left,h", "Close", "Close the node, or go to its parent or the tree.", palette=False),
    Command("explore.view", "v", "View", "Next view: columns, files, changes, about.", footer=2),
    Command("explore.view-back", "V", "View before", "The view before.", action="view(-1)"),
    Command("explore.compare", "c", "Compare", "Mark this source or table; then go to another and compare.", footer=3),
    Command("explore.query", "q", "Query", "Ask about this in SQL.", footer=4),
    Command("explore.export", "e", "Export", "Write the shown list to a CSV, JSON or Parquet file.", footer=5),
    Command("explore.refresh", "r", "Refresh", "Read the catalog again.", footer=6),
    Command("explore.back", "escape", "Back", "Back to the tree; there, take the mark away."),
)
