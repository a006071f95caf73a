"""A command: its id, keys and words. Key bindings are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the operator can do somewhere.

    `id` is `PLACE.NAME`; users remap keys by it, and `action_NAME` (dashes as underscores) does it
    unless `action` says otherwise. `label` is for the key line, `about` for palette, help and docs.
    `footer` ranks it in the key line, the lowest first; 0 keeps it out of there. One with `priority`
    works in dialogs and text fields too.
    """

    id: str
    keys: str
    label: str
    about: str
    footer: int = 0
    action: str = ""
    palette: bool = True
    priority: bool = False

    @property
    def does(self) -> str:
        """The Textual action."""
        return self.action or self.id.rpartition(".")[2].replace("-", "_")

    @property
    def binding(self) -> Binding:
        """The key binding; remapped by `id`."""
        return Binding(
            self.keys,
            self.does,
            self.label,
            show=bool(self.footer),
            id=self.id,
            tooltip=self.about,
            priority=self.priority,
        )


def bindings(commands: Iterable[Command]) -> list[BindingType]:
    """The key bindings of some commands."""
    return [command.binding for command in commands if command.keys]


_SHOWN = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "full_stop": ".",
    "plus": "+",
    "minus": "-",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "delete": "del",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    "space": "space",
}


def shown_key(key: str) -> str:
    """A key as people read it: `question_mark` is `?`, `ctrl+q` is `^q`, `shift+up` stays."""
    key = key.strip()
    if key.startswith("ctrl+"):
        return "^" + shown_key(key[5:])
    return _SHOWN.get(key, key)


def shown_keys(keys: str) -> str:
    """All keys of a command as people read them."""
    return " ".join(shown_key(key) for key in keys.split(","))
