"""Named connections: where credentials live so that payloads carry none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class Connection:
    """One `[connections.NAME]` table of the config; its repr shows no secret."""

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
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


KNOWN_FIELDS = tuple(f.name for f in fields(Connection) if f.name not in ("name", "extra"))
"""What a connection's table may hold; anything else is kept in `extra`."""

SECRET_FIELDS = ("secret_access_key", "session_token", "account_key", "sas_token", "connection_string", "password")
