"""What can be done in Query."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("query.run", "f5,ctrl+r,ctrl+j", "Run", "Run the SQL.", footer=1),
    Command("query.back", "escape", "Cancel or leave", "Cancel what runs; else leave the editor, or go back to it."),
    Command("query.saved", "ctrl+s,s", "Saved", "Choose a saved query.", footer=3),
    Command("query.history", "ctrl+y,H", "History", "Choose what was asked before.", footer=4),
    Command("query.switch", "f6", "Panes", "From the editor to the rows and back.", footer=5),
    Command("query.copy", "y", "Copy", "Copy the cell, or what is selected.", footer=7),
    Command("query.copy-row", "Y", "Copy row", "Copy the row."),
    Command("query.copy-all", "c", "Copy all", "Copy all rows, with the columns' names."),
    Command("query.select-all", "ctrl+a", "Select all", "Select all rows; y then copies them."),
    Command("query.export", "e", "Export", "Write the rows to a CSV, JSON or Parquet file.", footer=6),
    Command("query.keep", "ctrl+g,w", "Save", "Save the SQL under a name.", footer=8),
    Command("query.refresh", "r", "Refresh", "Run the last query again.", footer=9),
)
