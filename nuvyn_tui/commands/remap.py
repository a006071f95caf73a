"""The keys of the settings: those that mean a command and a key, and what is wrong with the others."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.payload.problems import nearest
from nuvyn_tui.commands.registry import all_commands

_KEY = re.compile(r"(?:(?:ctrl|shift|alt|super)\+)*(?:[a-z0-9_]+|[A-Z])")


def remapped(keys: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The valid part of `[keys]`, and a sentence for each entry that is not."""
    if not keys:
        return {}, []
    known = [command.id for commands in all_commands().values() for command in commands]
    good: dict[str, str] = {}
    wrong: list[str] = []
    for name, key in keys.items():
        parts = [part.strip() for part in key.split(",")]
        if name not in known:
            near = nearest(name, known)
            wrong.append(f"[keys] names no command: {name}." + (f" Did you mean {near}?" if near else ""))
        elif not all(_KEY.fullmatch(part) for part in parts):
            wrong.append(f"[keys] {name}: {key} is no key. Write for instance f9, ctrl+k or question_mark.")
        else:
            good[name] = ",".join(parts)
    return good, wrong
