"""The settings as found: flags, environment variables and the file, checked by pydantic and merged."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from core.connections import KNOWN_FIELDS
from core.errors import UsageError
from core.payload.models import RowCounts
from core.payload.problems import nearest

_Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=255)]
_Place = Annotated[Path, AfterValidator(lambda path: _absolute(path))]
_Text = Annotated[str, StringConstraints(min_length=1)]
_Texts = Annotated[tuple[_Text, ...], BeforeValidator(lambda given: _listed(given))]


class _SettingsIn(BaseModel):
    """Every setting by the name that the file has; the variable is `NUVYN_` and that name."""

    model_config = ConfigDict(extra="ignore")

    home: _Place | None = None
    jobs: _Place | None = None
    mirror: _Place | None = None
    runs: _Place | None = None
    logs: _Place | None = None
    catalog: _Identifier | None = None
    schema_: _Identifier | None = Field(default=None, alias="schema")
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    theme: _Text | None = None
    parallel_jobs: Annotated[int, Field(ge=1, le=64)] | None = None
    engine: Literal["local", "spark"] | None = None
    spark_remote: Annotated[str, StringConstraints(pattern=r"^sc://[^\s]+$")] | None = None
    api_roots: Annotated[_Texts, AfterValidator(lambda paths: tuple(str(_absolute(p)) for p in paths))] | None = None
    api_hosts: _Texts | None = None
    api_connections: _Texts | None = None
    api_origins: _Texts | None = None
    api_max_waiting: Annotated[int, Field(ge=1)] | None = None
    parallel_sources: Annotated[int, Field(ge=1, le=256)] | None = None
    max_concurrency: Annotated[int, Field(ge=1, le=1024)] | None = None
    retries: Annotated[int, Field(ge=0, le=100)] | None = None
    timeout_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    incremental: bool | None = None
    row_counts: RowCounts | None = None
    sample_values: Annotated[int, Field(ge=0, le=1000)] | None = None
    sample_bytes: Annotated[int, Field(ge=1024, le=1 << 28)] | None = None


NAMES = tuple(info.alias or name for name, info in _SettingsIn.model_fields.items())

DATABRICKS: dict[str, tuple[str, ...]] = {
    "server_hostname": ("DATABRICKS_SERVER_HOSTNAME", "DATABRICKS_HOST"),
    "http_path": ("DATABRICKS_HTTP_PATH",),
    "auth_type": ("DATABRICKS_AUTH_TYPE",),
    "access_token": ("DATABRICKS_ACCESS_TOKEN", "DATABRICKS_TOKEN"),
    "client_id": ("DATABRICKS_CLIENT_ID",),
    "client_secret": ("DATABRICKS_CLIENT_SECRET",),
    "azure_client_id": ("ARM_CLIENT_ID",),
    "azure_client_secret": ("ARM_CLIENT_SECRET",),
    "azure_tenant_id": ("ARM_TENANT_ID",),
    "ca_file": ("NUVYN_DATABRICKS_CA_FILE",),
    "catalog": ("NUVYN_DATABRICKS_CATALOG",),
    "schema": ("NUVYN_DATABRICKS_SCHEMA",),
    "volume": ("NUVYN_DATABRICKS_VOLUME",),
}
"""What `[databricks]` in the config file may hold, and the variables that say the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """The merged settings: `values` holds only those that are set somewhere."""

    home: Path
    config_file: Path
    values: dict[str, Any]
    origins: dict[str, str]
    connections: dict[str, dict[str, Any]]
    databricks: dict[str, Any]
    keys: dict[str, str]
    warnings: tuple[str, ...]


def gather(flags: Mapping[str, Any], environ: Mapping[str, str]) -> Found:
    """Merge flags, variables and the file; `flags` are by setting name.

    Raises:
        UsageError: the file is broken, or a value is wrong.
    """
    from platformdirs import user_data_path

    # An empty variable counts as not set, as `NUVYN_HOME= nuvyn` means in a shell.
    variables = {name: value for name in NAMES if (value := environ.get(_variable(name)))}
    # The file is looked for in the home folder that flag or variable name, before it is read.
    home = flags.get("home") or variables.get("home") or user_data_path("nuvyn", appauthor=False)
    home = _absolute(home)
    config, config_origin = _config_file(home, environ)
    table = _read(config, required=config_origin is not None)
    connections = _connections(table.pop("connections", {}), config)
    databricks = _databricks(table.pop("databricks", {}), config)
    keys = _keys(table.pop("keys", {}), config)

    merged: dict[str, Any] = {}
    origins = {} if config_origin is None else {"config_file": config_origin}
    # What a place of the file means is relative to the file, not to wherever nuvyn was started.
    layers = ((str(config), _rooted(table, config.parent)), *((_variable(n), {n: v}) for n, v in variables.items()))
    for origin, layer in (*layers, ("flag", flags)):
        for name in NAMES:
            if name in layer:
                merged[name], origins[name] = layer[name], origin
    if connections:
        origins["connections"] = str(config)
    values = _checked(merged, origins)
    return Found(
        home=values.pop("home", home),
        config_file=config,
        values=values,
        origins=origins,
        connections=connections,
        databricks=databricks,
        keys=keys,
        warnings=tuple(_unknown(table, connections, databricks, config)),
    )


def _absolute(path: str | Path) -> Path:
    # pathlib's `expanduser` raises on an unknown `~name`, which is then just a folder's name.
    return Path(os.path.expanduser(path)).absolute()  # noqa: PTH111


def _listed(given: Any) -> Any:
    """A list as a variable has it: its entries with commas between."""
    return [part for entry in given.split(",") if (part := entry.strip())] if isinstance(given, str) else given


def _variable(name: str) -> str:
    return f"NUVYN_{name.upper()}"


def _config_file(home: Path, environ: Mapping[str, str]) -> tuple[Path, str | None]:
    """The file, and the variable that named it: in the home folder, else in the platform's config folder."""
    from platformdirs import user_config_path

    if named := environ.get("NUVYN_CONFIG"):
        return _absolute(named), "NUVYN_CONFIG"
    config = home / "config.toml"
    if not config.exists():
        elsewhere = user_config_path("nuvyn", appauthor=False) / "config.toml"
        config = elsewhere if elsewhere.exists() else config
    return config, None


def _read(config: Path, *, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(config.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise UsageError(f"there is no file {config}", hint="NUVYN_CONFIG must name a TOML file") from None
        return {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{config} is not valid TOML: {error}", hint="mend the line it names") from None
    except UnicodeDecodeError:
        raise UsageError(f"{config} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise UsageError(
            f"{config} cannot be read: {error.strerror}", hint="NUVYN_CONFIG names another file"
        ) from error


def _rooted(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    def rooted(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return str(_absolute(value) if value.startswith("~") else folder / value)

    places = ("home", "jobs", "mirror", "runs", "logs")
    found = {name: rooted(value) if name in places else value for name, value in table.items()}
    if isinstance(roots := table.get("api_roots"), list):
        found["api_roots"] = [rooted(root) for root in roots]
    return found


def _checked(merged: dict[str, Any], origins: Mapping[str, str]) -> dict[str, Any]:
    try:
        checked = _SettingsIn.model_validate(merged)
    except ValidationError as error:
        faults = [
            (str(fault["loc"][0]), fault["msg"]) for fault in error.errors(include_input=False, include_url=False)
        ]
        texts = [f"the setting `{name}` ({origins.get(name, 'flag')}) is wrong: {text}" for name, text in faults]
        hint = "names hold letters, digits and _" if faults[0][0] in ("catalog", "schema") else "correct it there"
        raise UsageError("; ".join(texts), hint=hint) from None
    return {
        name: value
        for name, value in checked.model_dump(by_alias=True, exclude_unset=True).items()
        if value is not None
    }


def _connections(given: Any, config: Path) -> dict[str, dict[str, Any]]:
    if not isinstance(given, dict) or not all(isinstance(table, dict) for table in given.values()):
        raise UsageError(
            f"{config}: a connection must be a table", hint="write [connections.NAME] and its fields below"
        )
    return given


def _databricks(given: Any, config: Path) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise UsageError(f"{config}: databricks must be a table", hint="write [databricks] and its fields below")
    return given


def _keys(given: Any, config: Path) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given.values()):
        raise UsageError(f"{config}: [keys] must hold keys", hint='write lines such as "jobs.retry" = "t"')
    return given


def _unknown(
    table: Mapping[str, Any],
    connections: Mapping[str, Mapping[str, Any]],
    databricks: Mapping[str, Any],
    config: Path,
) -> list[str]:
    known = (*NAMES, "connections", "databricks", "keys")
    found = []
    for name in table:
        if name not in known:
            near = nearest(name, known)
            found.append(f"{config}: unknown setting `{name}`" + (f"; did you mean `{near}`?" if near else ""))
    for name, fields in connections.items():
        for key in fields:
            near = nearest(key, KNOWN_FIELDS, cutoff=0.8) if key not in KNOWN_FIELDS else None
            if near:
                found.append(f"{config}: connection `{name}` has an unknown `{key}`; did you mean `{near}`?")
    for name in databricks:
        if name not in DATABRICKS:
            near = nearest(name, DATABRICKS)
            meant = f"; did you mean `{near}`?" if near else ""
            found.append(f"{config}: [databricks] has an unknown `{name}`{meant}")
    return found
