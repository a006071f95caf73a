"""`settings.md`: what `config.toml` may hold, and the variables that say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

from core.connections import KINDS, KNOWN_FIELDS, Connection
from core.databricks.target import AuthKind
from core.payload.models import DATABASE_KINDS, Options
from core.settings import LIMITS, LISTS, PLACES, Settings
from core.settings_sources import DATABRICKS, _SettingsIn, _variable
from docs.generate.markdown import block, code, codes, page, table
from docs.generate.meanings import Unexplained, listed, meanings
from docs.generate.payload import option_meanings, shown_default
from docs.generate.ranges import range_of, type_of

_CODE = Path(__file__).resolve().parent.parent.parent / "core"
_INTRO = f"""A setting comes from a flag of the command line, else from its variable, else from `config.toml` in the
home folder (or in the platform's folder for configuration), else it has its default. `nuvyn config show` tells each
one and where it came from. An empty variable counts as not set. A path in the file is relative to the file, and a
variable's list ({codes(LISTS)}) has commas between its entries."""
_CONNECTIONS = """A connection is a table of its own, and a source names it. `${NAME}` in a value is an environment
variable. Fields that are not listed here are kept for the driver: for fsspec they are the arguments of its
filesystem, for Databricks the names of `[databricks]` below."""
_EXAMPLE = """parallel_jobs = 2
retries = 5

[connections.lake]
kind = "azure_blob"
account = "myaccount"
account_key = "${LAKE_KEY}"

[keys]
"jobs.retry" = "ctrl+r\""""


def settings_page() -> str:
    """The page."""
    return page(
        "`core/settings.py`, `core/settings_sources.py` and `core/connections.py`",
        "Settings",
        _INTRO,
        block(_EXAMPLE, "toml"),
        "## Settings of the file",
        table(("setting and variable", "value", "default", "meaning"), _settings()),
        "## `[keys]`",
        "The keys of the app, by the command's id: see [keys](../keys.md).",
        "## `[connections.NAME]`",
        _CONNECTIONS,
        table(("field", "type", "default", "meaning"), _connection_fields()),
        f"`kind` is one of {codes(KINDS)}, or a database's: {codes(DATABASE_KINDS)}.",
        "## `[databricks]`",
        "Where `nuvyn sync` and `--write-to-db` write to. [Sync to Databricks](../databricks.md) tells which logins"
        " there are.",
        table(("setting", "variable, the first that is set", "meaning"), _databricks()),
        f"`auth_type` is one of {codes(kind.value for kind in AuthKind)}.",
        "## Other variables",
        table(("variable", "meaning"), ((code(name), text) for name, text in _variables().items())),
        "Azure, AWS and other stores have variables of their own: see"
        " [places and credentials](../usage.md#places-and-credentials).",
    )


def _settings() -> Iterator[tuple[str, ...]]:
    schemas: dict[str, Any] = _SettingsIn.model_json_schema()["properties"]
    words = {**meanings("settings", set(schemas) - set(LIMITS)), **{n: option_meanings()[n] for n in LIMITS}}
    for name, schema in schemas.items():
        value = ", ".join(filter(None, (type_of(schema), range_of(schema))))
        yield f"{code(name)}<br>{code(_variable(name))}", value.removeprefix("string, "), _default(name), words[name]


def _default(name: str) -> str:
    if name == "home":
        return "the platform's folder for user data"
    if name in PLACES:
        return f"{code(PLACES[name])} in the home folder"
    if name in LIMITS:
        return shown_default(getattr(Options(), name))
    [found] = (f for f in fields(Settings) if f.name == {"schema": "schema_name"}.get(name, name))
    assert found.default is not MISSING
    return shown_default(found.default)


def _connection_fields() -> Iterator[tuple[str, ...]]:
    words, types = meanings("connections", KNOWN_FIELDS), get_type_hints(Connection)
    for found in fields(Connection):
        if found.name in words:
            kind = "true or false" if types[found.name] is bool else "string"
            yield code(found.name), kind, shown_default(found.default), words[found.name]


def _databricks() -> Iterator[tuple[str, ...]]:
    words = meanings("databricks", DATABRICKS)
    for name, variables in DATABRICKS.items():
        yield code(name), codes(variables), words[name]


def _variables() -> dict[str, str]:
    """Variables that are no settings; each must be read somewhere in the code."""
    found = listed("variables")
    text = "".join(path.read_text(encoding="utf-8") for path in _CODE.rglob("*.py"))
    if gone := [name for name in found if f'"{name}"' not in text]:
        raise Unexplained(f"the code does not read {gone}")
    return found
