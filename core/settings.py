"""Settings: where things lie, connections, names. Flags over `NUVYN_*` variables over the TOML file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.connections import KNOWN_FIELDS, SECRET_FIELDS, Connection
from core.errors import UsageError
from core.payload.problems import nearest
from core.secrets import expand, register

_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_PATHS = {"jobs": "jobs.sqlite", "mirror": "mirror.duckdb", "runs": "runs", "logs": "logs"}
_LOG_LEVELS = Literal["debug", "info", "warning", "error"]


class _FileIn(BaseSettings):
    """The environment and the file, as pydantic-settings merges them."""

    model_config = SettingsConfigDict(env_prefix="NUVYN_", extra="ignore")

    jobs: Path | None = None
    mirror: Path | None = None
    runs: Path | None = None
    logs: Path | None = None
    catalog: _Identifier = "hive_metastore"
    schema_name: _Identifier = "_executor_metadata"
    log_level: _LOG_LEVELS = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


class _ConnectionIn(BaseModel):
    model_config = ConfigDict(extra="allow")
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, with where each came from. `connections` are raw tables; see `connection`."""

    home: Path
    config_file: Path
    jobs: Path
    mirror: Path
    runs: Path
    logs: Path
    catalog: str = "hive_metastore"
    schema_name: str = "_executor_metadata"
    log_level: str = "info"
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)

    def connection(self, name: str) -> Connection:
        """A named connection with its `${ENV}` references resolved.

        Raises:
            UsageError: there is none of that name, or a variable it names is not set.
        """
        table = self.connections.get(name)
        if table is None:
            near = nearest(name, self.connections)
            known = ", ".join(sorted(self.connections)) or "none are configured"
            hint = f"did you mean `{near}`?" if near else f"known: {known}"
            raise UsageError(f"there is no connection named `{name}` in {self.config_file}", hint=hint)
        try:
            anonymous = _ConnectionIn.model_validate(table).anonymous
        except ValidationError as error:
            raise UsageError(f"connection `{name}`: anonymous must be true or false") from error
        values = {k: expand(str(v), os.environ) for k, v in table.items() if k != "anonymous"}
        for secret in SECRET_FIELDS:
            register(values.get(secret))
        known_values: dict[str, Any] = {k: v for k, v in values.items() if k in KNOWN_FIELDS}
        extra = {k: v for k, v in values.items() if k not in KNOWN_FIELDS}
        return Connection(name=name, anonymous=anonymous, extra=extra, **known_values)

    def origin(self, name: str) -> str:
        """Where a setting came from: `flag`, a variable, a file, or `default`."""
        return self.origins.get(name, "default")

    def shown(self) -> dict[str, Any]:
        """Every setting by name, without secrets."""
        names = ("home", "config_file", *_PATHS, "catalog", "schema_name", "log_level")
        shown: dict[str, Any] = {name: getattr(self, name) for name in names}
        shown["connections"] = ", ".join(sorted(self.connections)) or "none"
        return shown

    def prepare(self) -> None:
        """Make the folders, for their owner only.

        Raises:
            UsageError: one can't be made.
        """
        for folder in (self.home, self.runs, self.logs, self.jobs.parent, self.mirror.parent):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise UsageError(
                    f"{folder} cannot be made: {error.strerror}", hint="set NUVYN_HOME to a folder you can write to"
                ) from error


def load_settings(*, home: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `home` is the flag's value.

    Raises:
        UsageError: the file is not TOML, or a value in it or in a variable is wrong.
    """
    from platformdirs import user_config_path, user_data_path

    environ = os.environ if environ is None else environ
    origins: dict[str, str] = {}
    if home:
        found_home, origins["home"] = Path(home), "flag"
    elif environ.get("NUVYN_HOME"):
        found_home, origins["home"] = Path(environ["NUVYN_HOME"]), "NUVYN_HOME"
    else:
        found_home = user_data_path("nuvyn", appauthor=False)
    found_home = found_home.expanduser().absolute()
    config = found_home / "config.toml"
    if environ.get("NUVYN_CONFIG"):
        config, origins["config_file"] = Path(environ["NUVYN_CONFIG"]).expanduser().absolute(), "NUVYN_CONFIG"
    elif not config.exists():
        elsewhere = user_config_path("nuvyn", appauthor=False) / "config.toml"
        config = elsewhere if elsewhere.exists() else config
    table = _read(config)
    connections = table.pop("connections", {})
    warnings = _unknown(table, connections, config)
    try:
        merged = _FileIn(**table)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        place = f"NUVYN_{name.upper()}" if f"NUVYN_{name.upper()}" in environ else str(config)
        raise UsageError(f"the setting `{name}` ({place}) is wrong: {fault['msg']}") from error
    for name in ("catalog", "schema_name", "log_level", *_PATHS):
        variable = f"NUVYN_{name.upper()}"
        if variable in environ:
            origins[name] = variable
        elif name in table:
            origins[name] = str(config)
    paths = {
        name: (Path(getattr(merged, name)).expanduser().absolute() if getattr(merged, name) else found_home / file)
        for name, file in _PATHS.items()
    }
    return Settings(
        home=found_home,
        config_file=config,
        catalog=merged.catalog,
        schema_name=merged.schema_name,
        log_level=merged.log_level,
        connections=connections,
        warnings=tuple(warnings),
        origins=origins,
        **paths,
    )


def _read(config: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{config} is not valid TOML: {error}", hint="mend the line it names") from error
    except OSError as error:
        raise UsageError(f"{config} cannot be read: {error.strerror}") from error


def _unknown(table: dict[str, Any], connections: Any, config: Path) -> list[str]:
    if not isinstance(connections, dict) or not all(isinstance(c, dict) for c in connections.values()):
        raise UsageError(f"{config}: connections must be tables", hint="write [connections.NAME]")
    known = (*_FileIn.model_fields, "connections")
    found = []
    for name in table:
        if name not in known:
            near = nearest(name, known)
            found.append(f"{config}: unknown setting `{name}`" + (f"; did you mean `{near}`?" if near else ""))
    for name, fields in connections.items():
        for key in fields:
            near = nearest(key, KNOWN_FIELDS) if key not in KNOWN_FIELDS else None
            if near:
                found.append(f"{config}: connection `{name}`: unknown `{key}`; did you mean `{near}`?")
    return found
