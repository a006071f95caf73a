"""What subcommands share: settings, job store, mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from core.house import House, open_mirror
from core.logs import start_log
from core.settings import Settings, load_settings


def settings() -> Settings:
    """The settings, with the flags of the command line on top; read once a command."""
    flags = click.get_current_context().find_root().ensure_object(dict)
    found: Settings | None = flags.get("settings")
    if found is None:
        found = flags["settings"] = load_settings(home=flags.get("home"), overrides=flags.get("overrides"))
        for warning in found.warnings:
            click.echo(f"warning: {warning}", err=True)
    return found


def override(**values: object) -> None:
    """Settings by flags of the subcommand, None for those not given; call before anything else."""
    click.get_current_context().find_root().ensure_object(dict)["overrides"] = values


def verbose() -> bool:
    """Whether `--verbose` was given."""
    return bool((click.get_current_context().find_root().obj or {}).get("verbose"))


def quiet() -> bool:
    """Whether `--quiet` was given: then only what went wrong is told, and the exit status tells the rest."""
    return bool((click.get_current_context().find_root().obj or {}).get("quiet"))


@contextmanager
def open_house(*, log_to_stderr: bool = False) -> Iterator[House]:
    """Open the home folder, making it when it isn't there."""
    found = settings()
    with House(found) as house:
        start_log(found, to_stderr=log_to_stderr or verbose())
        yield house


__all__ = ["House", "json_option", "open_house", "open_mirror", "quiet", "settings", "verbose"]

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
