"""All commands, by the place they belong to."""

from importlib import import_module

from nuvyn_tui.commands.command import Command

PLACES = ("app", "lists", "jobs", "build", "run", "explore", "compare", "query", "sync")
"""The modules of this package that hold `COMMANDS`, in the order the docs show them."""


def commands_of(place: str) -> tuple[Command, ...]:
    """The commands of one place."""
    found: tuple[Command, ...] = import_module(f"nuvyn_tui.commands.{place}").COMMANDS
    return found


def all_commands() -> dict[str, tuple[Command, ...]]:
    """Every place with its commands."""
    return {place: commands_of(place) for place in PLACES}
