"""What can be done with a payload."""

from nuvyn_tui.commands.command import Command

COMMANDS = (
    Command("build.run", "ctrl+r,f5", "Run", "Run the payload, or go to its first problem.", footer=1),
    Command("build.add", "n", "New source", "Add a source.", footer=2),
    Command("build.try", "t", "Test", "Try the source: what can be listed there.", footer=3, action="probe"),
    Command("build.budget", "e", "Estimate", "What a run would read: files, requests, bytes, time; nothing is read."),
    Command("build.text", "v,f4", "JSON", "The payload as JSON, or the form again.", footer=4),
    Command("build.load", "o", "Open", "Open a payload file.", footer=5),
    Command("build.recent", "R", "Recent", "Take the payload of a job."),
    Command("build.paste", "p", "Paste", "Paste a payload as JSON."),
    Command("build.save", "s", "Save", "Save the payload as a JSON file; secrets are left out.", footer=6),
    Command("build.duplicate", "d", "Duplicate", "Add a copy of the source."),
    Command("build.remove", "x,delete", "Remove", "Take the source out."),
    Command("build.up", "shift+up,left_square_bracket", "Up", "Move the source up.", action="shift(-1)"),
    Command("build.down", "shift+down,right_square_bracket", "Down", "Move the source down.", action="shift(1)"),
    Command("build.undo", "u", "Undo", "Take the last change back.", footer=7),
    Command("build.redo", "U", "Redo", "Make it again."),
    Command("build.clear", "N", "New payload", "Begin a new payload; undo brings this one back."),
    Command("build.problems", "f8", "Problems", "Go to the problems."),
    Command("build.details", "space", "Details", "Read the whole of a problem, and what to do."),
    Command("build.back", "escape", "Back", "Back to the list of sources."),
)
