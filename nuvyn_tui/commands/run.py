"""What can be done with a running job."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("run.open", "enter", "Open", "What the source found, in Explore; or its errors.", footer=1, palette=False),
    Command("run.freeze", "f", "Freeze", "Hold the board still, or let it go on.", footer=2),
    Command("run.cancel-source", "x", "Cancel source", "Cancel the selected source; the others go on.", footer=4),
    Command("run.cancel", "X", "Cancel all", "Cancel the whole job.", footer=5),
    Command("run.retry", "t", "Retry", "Run again what failed or was cancelled.", footer=3),
    Command("run.newer", "right_square_bracket,full_stop", "Newer", "Follow the next newer job.", footer=7),
    Command("run.older", "left_square_bracket,comma", "Older", "Follow the next older job.", footer=6),
    Command("run.order", "s", "Order", "Sources by state, or in the payload's order."),
    Command("run.explore", "e", "Explore", "Browse what the source found."),
    Command("run.details", "space", "Details", "Read all that is known of the job."),
    Command("run.back", "escape", "Back", "Back to the jobs.", action="app.mode('jobs')"),
)
