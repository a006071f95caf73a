"""Settings: where things lie, names, limits, connections. Flags over `NUVYN_*` variables over a TOML file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.connections import Connection, connection_of
from core.errors import UsageError
from core.payload.models import Options
from core.payload.problems import nearest

PLACES = {"jobs": "jobs.sqlite", "mirror": "mirror.duckdb", "runs": "runs", "logs": "logs"}
"""What lies in the home folder, by the setting that moves it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with where each came from.

    `connections` are the file's tables as written; see `connection`. `databricks` is the file's table of
    that name as written; see `core.databricks.target`. `parallel_jobs` is how many jobs one worker runs at
    once. `engine` is what reads files (`local` or `spark`), `spark_remote` the Spark Connect URL of the latter, which
    may hold a token. The `api_` ones are what callers of the HTTP API may name (see `core.callers`), which web pages of
    other hosts may call it, and how many jobs may wait. `theme` and `keys` (command id
    to key) are the app's; a theme of None is chosen to fit the terminal. `options` are the defaults
    that payloads override.
    """

    home: Path
    config_file: Path
    jobs: Path
    mirror: Path
    runs: Path
    logs: Path
    catalog: str = "hive_metastore"
    schema_name: str = "_executor_metadata"
    log_level: str = "info"
    theme: str | None = None
    parallel_jobs: int = 4
    engine: str = "local"
    spark_remote: str | None = field(default=None, repr=False)
    api_roots: tuple[str, ...] = ()
    api_hosts: tuple[str, ...] = ()
    api_connections: tuple[str, ...] = ()
    api_origins: tuple[str, ...] = ()
    api_max_waiting: int = 1000
    keys: Mapping[str, str] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    databricks: Mapping[str, Any] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)

    def connection(self, name: str) -> Connection:
        """A named connection with its `${ENV}` references resolved.

        Raises:
            UsageError: there is none of that name, a value of it is wrong, or a variable that it
                names is not set.
        """
        table = self.connections.get(name)
        if table is None:
            near = nearest(name, self.connections)
            known = ", ".join(sorted(self.connections)) or "none"
            hint = f"did you mean `{near}`?" if near else f"add [connections.{name}] there; configured: {known}"
            raise UsageError(f"there is no connection named `{name}` in {self.config_file}", hint=hint)
        return connection_of(name, table, os.environ)

    def origin(self, name: str) -> str:
        """Where a setting came from: `flag`, a variable's name, a file's path, or `default`."""
        return self.origins.get(name, "default")

    def shown(self) -> dict[str, Any]:
        """Every setting by its name, without secrets; `origin` takes the same names."""
        shown: dict[str, Any] = {"home": self.home, "config_file": self.config_file}
        shown |= {name: getattr(self, name) for name in PLACES}
        shown |= {
            "catalog": self.catalog,
            "schema": self.schema_name,
            "log_level": self.log_level,
            "theme": self.theme or "fitting",
            "parallel_jobs": self.parallel_jobs,
            "engine": self.engine,
            "spark_remote": _without_parameters(self.spark_remote),
        }
        shown |= {name: ", ".join(getattr(self, name)) or "none" for name in LISTS}
        shown["api_max_waiting"] = self.api_max_waiting
        shown |= {f.name: getattr(self.options, f.name) for f in fields(Options) if f.name in LIMITS}
        shown["connections"] = ", ".join(sorted(self.connections)) or "none"
        return shown

    def prepare(self) -> None:
        """Make the folders that are missing, open to their owner only (mode 0700).

        Raises:
            UsageError: one can't be made.
        """
        for name, folder in (
            ("home", self.home),
            ("runs", self.runs),
            ("logs", self.logs),
            ("jobs", self.jobs.parent),
            ("mirror", self.mirror.parent),
        ):
            try:
                _make(folder)
            except OSError as error:
                raise UsageError(
                    f"the folder {folder} cannot be made: {error.strerror}",
                    hint=f"set NUVYN_{name.upper()} to a place that you can write to",
                ) from error


LIMITS = (
    "parallel_sources",
    "max_concurrency",
    "retries",
    "timeout_s",
    "incremental",
    "row_counts",
    "sample_values",
    "sample_bytes",
)
"""The options whose defaults are settings: those that say how to read, not what."""


def load_settings(
    *, home: str | None = None, overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings; `home` and `overrides` (by setting name) are flags, None when not given.

    Raises:
        UsageError: the file is not TOML or can't be read, or a value is wrong.
    """
    from core.settings_sources import gather

    flags = {name: value for name, value in {**(overrides or {}), "home": home}.items() if value is not None}
    try:
        found = gather(flags, os.environ if environ is None else environ)
    except OSError as error:
        raise UsageError(
            f"{error.filename} cannot be read: {error.strerror}", hint="give this user access, or set NUVYN_HOME"
        ) from error
    values, place = found.values, found.home
    paths = {name: values.get(name, place / default) for name, default in PLACES.items()}
    return Settings(
        home=place,
        config_file=found.config_file,
        **paths,
        **{name: values[key] for name, key in _NAMES.items() if key in values},
        options=Options(**{name: values[name] for name in LIMITS if name in values}),
        connections=found.connections,
        databricks=found.databricks,
        keys=found.keys,
        warnings=found.warnings,
        origins=found.origins,
    )


LISTS = ("api_roots", "api_hosts", "api_connections", "api_origins")
"""Settings that are lists; a variable of one has commas between its entries."""

_NAMES = {"catalog": "catalog", "schema_name": "schema"} | {
    name: name for name in ("log_level", "theme", "parallel_jobs", "engine", "spark_remote", "api_max_waiting", *LISTS)
}


def _without_parameters(remote: str | None) -> str:
    """A Spark Connect URL for people: what stands after `;` may be a token."""
    return "the active session" if remote is None else remote.partition(";")[0]


def _make(folder: Path) -> None:
    """Make a folder and those above it that are missing; `mkdir` gives its mode to the last only."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(20, "a file is in its place")
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
