"""The key table of the docs, made from the registry."""

from __future__ import annotations

from nuvyn_tui.commands.command import shown_key
from nuvyn_tui.commands.registry import all_commands

_TITLES = {
    "app": "Everywhere",
    "lists": "In every list",
    "jobs": "1 Jobs",
    "build": "2 Build",
    "run": "3 Run",
    "explore": "4 Explore",
    "compare": "4 Explore, comparing",
    "query": "5 Query",
    "sync": "6 Sync",
}
_INTRO = """# Keys

Every command has an id. `[keys]` in `config.toml` gives it another key, for instance:

```toml
[keys]
"jobs.retry" = "ctrl+r"
```

`^q` stands for ctrl+q. `?` in the app shows what works where the focus is.
"""


def key_table() -> str:
    """The table as Markdown."""
    parts = [_INTRO]
    for place, commands in all_commands().items():
        parts.append(f"\n## {_TITLES[place]}\n\n| key | what it does | id |\n| --- | --- | --- |\n")
        for command in commands:
            keys = ", ".join(f"`{shown_key(key)}`" for key in command.keys.split(",") if key)
            parts.append(f"| {keys.replace('|', chr(92) + '|')} | {command.about} | `{command.id}` |\n")
    return "".join(parts)
