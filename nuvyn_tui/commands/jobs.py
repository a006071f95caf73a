"""What can be done with jobs."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("jobs.demo", "d", "Demo", "Run the demo: a small lake of its own, no network needed.", footer=4),
    Command("jobs.load", "o", "Open", "Open a payload file and look at it in Build.", footer=5),
    Command("jobs.new", "n", "New", "Build a new payload.", footer=6),
    Command("jobs.follow", "enter", "Follow", "Show the job in Run, live while it runs.", footer=1, palette=False),
    Command("jobs.again", "a", "Again", "Run the job's payload again, as a new job.", footer=3),
    Command("jobs.retry", "t", "Retry", "Run again what of the job failed or was cancelled.", footer=2),
    Command("jobs.cancel", "x", "Cancel", "Cancel the job; what has ended stays in the mirror.", footer=7),
    Command("jobs.delete", "delete,D", "Delete", "Forget the job; what it found stays in the mirror."),
    Command("jobs.payload", "p", "Payload", "Open the job's payload in Build."),
    Command("jobs.explore", "e", "Explore", "Browse what the job found."),
    Command("jobs.details", "space", "Details", "Read all that is known of the job."),
    Command("jobs.filter", "slash", "Filter", "Show only the jobs that hold a text.", footer=8),
    Command("jobs.refresh", "r", "Refresh", "Read the list again."),
)
