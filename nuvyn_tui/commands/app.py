"""What can be done everywhere."""

from nuvyn_tui.commands.command import Command

MODES = ("jobs", "build", "run", "explore", "query", "sync")
"""The modes in the order of their digits."""

_ABOUT = {
    "jobs": "Every job: what it did, what failed, run it again",
    "build": "Load, build and check a payload",
    "run": "Follow a running job live",
    "explore": "Browse tables and columns, search, compare",
    "query": "Ask the mirror in SQL",
    "sync": "Send what the mirror holds to Databricks",
}

COMMANDS = (
    *(
        Command(f"app.{mode}", str(digit), mode.title(), f"{_ABOUT[mode]}.", action=f"app.mode('{mode}')")
        for digit, mode in enumerate(MODES, 1)
    ),
    Command("app.help", "question_mark,f1", "Help", "Help for what has the focus.", action="app.help"),
    Command(
        "app.palette",
        "ctrl+p,colon",
        "Palette",
        "Find any command by name.",
        action="app.command_palette",
        palette=False,
    ),
    Command("app.jump", "ctrl+o", "Jump", "Jump to a pane: each shows a letter.", action="app.jump"),
    Command("app.theme", "ctrl+t", "Theme", "Choose the colours.", action="app.change_theme"),
    Command("app.quit", "ctrl+q", "Quit", "Leave nuvyn; running jobs go on.", action="app.quit", priority=True),
)
