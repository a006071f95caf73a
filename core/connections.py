"""Named connections: where credentials live, so that payloads carry none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from core.errors import UsageError
from core.secrets import expand, is_secret_name, register_tree

KINDS = ("azure_blob", "aws_s3", "local_filesystem", "database", "fsspec")


@dataclass(frozen=True, slots=True)
class Connection:
    """One `[connections.NAME]` table of the config; its repr shows no secret.

    `kind` is one of `KINDS`, or a database's (`postgresql`), or None for any. `extra` holds what
    is not named here, for the driver.
    """

    name: str
    kind: str | None = None
    account: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    anonymous: bool = False
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    account_key: str | None = field(default=None, repr=False)
    sas_token: str | None = field(default=None, repr=False)
    connection_string: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


KNOWN_FIELDS = tuple(f.name for f in fields(Connection) if f.name not in ("name", "extra"))
"""What a connection's table may hold; anything else is kept in `extra`."""


def connection_of(name: str, table: Mapping[str, Any], environ: Mapping[str, str]) -> Connection:
    """A connection from its table, `${ENV}` references resolved and its secrets registered.

    Raises:
        UsageError: a value is of the wrong type, or a variable it names is not set.
    """
    values = {key: _resolved(name, key, value, environ) for key, value in table.items()}
    if not isinstance(values.get("anonymous", False), bool):
        raise UsageError(f"connection `{name}`: anonymous must be true or false", hint="write it without quotes")
    for key in KNOWN_FIELDS:
        if key in values and key != "anonymous":
            if isinstance(values[key], bool | dict | list):
                raise UsageError(f"connection `{name}`: {key} must be text", hint="put it in quotes")
            values[key] = str(values[key]) or None
    register_tree(values)
    known = {key: value for key, value in values.items() if key in KNOWN_FIELDS}
    return Connection(name=name, extra={k: v for k, v in values.items() if k not in KNOWN_FIELDS}, **known)


def _resolved(connection: str, key: str, value: Any, environ: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return expand(value, environ, secret=is_secret_name(key))
    except UsageError as error:
        raise UsageError(f"connection `{connection}`: {error.message} ({key} names it)", hint=error.hint) from None
