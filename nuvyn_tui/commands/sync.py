"""What can be done about the sync to Databricks."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("sync.send", "s", "Send", "Send what is new or changed, and verify it.", footer=1),
    Command("sync.refresh", "r", "Compare", "Compare mirror and warehouse again; nothing is sent.", footer=2),
    Command("sync.cancel", "x", "Cancel", "End what runs; the next sync completes it.", footer=3),
    Command("sync.verify", "v", "Verify", "Sum up both sides also where the marks match.", footer=4),
    Command("sync.prune", "P", "Prune", "Delete there what a sync brought and the mirror no longer holds.", footer=5),
    Command("sync.workflow", "w", "Workflow", "Only the selected source's workflow, or all again.", footer=7),
    Command("sync.filter", "slash", "Filter", "Show only the sources that hold a text.", footer=6),
    Command("sync.details", "space", "Details", "Read all that is known of the source."),
    Command("sync.export", "e", "Export", "Write the shown list to a CSV, JSON or Parquet file.", footer=8),
)
