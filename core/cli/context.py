"""What subcommands share: settings, job store, mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from core.jobs.store import JobStore
from core.logs import start_log
from core.mirror.mirror import Mirror
from core.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class House:
    """The opened home folder."""

    settings: Settings
    store: JobStore
    mirror: Mirror


def settings() -> Settings:
    """The settings, with the flags of the command line on top; read once a command."""
    flags = click.get_current_context().find_root().ensure_object(dict)
    found: Settings | None = flags.get("settings")
    if found is None:
        found = flags["settings"] = load_settings(home=flags.get("home"))
        for warning in found.warnings:
            click.echo(f"warning: {warning}", err=True)
    return found


def verbose() -> bool:
    """Whether `--verbose` was given."""
    return bool((click.get_current_context().find_root().obj or {}).get("verbose"))


def open_mirror(found: Settings) -> Mirror:
    """The mirror that the settings name."""
    return Mirror(found.mirror, catalog=found.catalog, schema=found.schema_name)


@contextmanager
def open_house(*, log_to_stderr: bool = False) -> Iterator[House]:
    """Open the home folder, making it when it isn't there."""
    found = settings()
    found.prepare()
    start_log(found, to_stderr=log_to_stderr or verbose())
    store = JobStore(found.jobs)
    try:
        yield House(found, store, open_mirror(found))
    finally:
        store.close()


json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
