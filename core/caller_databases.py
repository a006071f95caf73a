"""What a caller of the HTTP API may write of a database: its server, and few of a driver's options.

Drivers take options that read files of this machine, connect to sockets here, or send a password elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.connections import Connection
from core.databases.databricks import login_of
from core.databases.open import file_of
from core.databases.server import DRIVERS
from core.databricks.target import named_once
from core.settings_sources import DATABRICKS
from core.sources.database_urls import FILE_DATABASES
from core.sources.guard import Guard, Refused
from core.sources.place import Location

_OPTIONS: Mapping[str, frozenset[str]] = {
    "postgresql": frozenset({"sslmode", "connect_timeout", "application_name"}),
    "mysql": frozenset({"charset", "ssl"}),
    "mariadb": frozenset({"charset", "ssl"}),
    "mssql": frozenset({"charset"}),
    "snowflake": frozenset({"warehouse", "role"}),
    "databricks": frozenset({"http_path", "catalog", "schema", "auth_type", "access_token"})
    | {"client_id", "client_secret", "azure_client_id", "azure_client_secret", "azure_tenant_id"},
}
"""What a caller may write after the `?`, by dialect; other dialects are not open to callers."""

_HOST = re.compile(r"[a-z0-9.-]+")
_SNOWFLAKE = (".snowflakecomputing.com", ".snowflakecomputing.cn")
_DATABRICKS = (".databricks.com", ".azuredatabricks.net", ".databricks.azure.us", ".databricks.azure.cn")
_OWN = ("access_token", "client_secret", "azure_client_secret")
_LOGINS = ("token", "pat", "oauth-m2m", "azure-sp", "azure-sp-m2m", "azure-client-secret")


def check_database(
    location: Location, named: Connection | None, guard: Guard, *, ambient: bool
) -> tuple[str | None, str | None]:
    """What of a database's URL is still to be judged: the file that it is, or the host that a caller named.

    `ambient`: the warehouse that the environment names is open to callers.

    Raises:
        Refused: the rest of it says what a caller may not say.
    """
    if named is not None and named.url == location.url:
        return None, None
    if location.scheme in FILE_DATABASES:
        if "?" in location.url:
            raise _option("?", location)
        return file_of(location), None
    allowed = _OPTIONS.get(location.scheme)
    driver = location.url.partition("://")[0].partition("+")[2]
    if allowed is None or driver not in ("", DRIVERS.get(location.scheme)):
        known = ", ".join(sorted(_OPTIONS))
        raise Refused(f"{location.shown}: this driver is not open to callers", hint=f"open are: {known}")
    if location.scheme == "databricks":
        _check_workspace(location, named, guard, allowed, ambient=ambient)
        return None, None
    return None, _server_host(location, named, allowed)


def check_login(credentials: Mapping[str, Any], guard: Guard) -> None:
    """Judge Databricks credentials that a caller gave along; they must be whole, for the caller's own login.

    Raises:
        Refused: they would go to another server, read a file, or use the operator's login.
    """
    known = {*DATABRICKS, "host", "hostname", "token"} - {"ca_file"}
    if unknown := set(credentials) - known:
        raise Refused(f"callers cannot set {min(unknown)} of Databricks", hint="leave it out")
    login = named_once(credentials)
    if any(isinstance(value, str) and "${" in value for value in login.values()):
        raise Refused("a caller cannot name a variable of the server", hint="write the value")
    if not any(name in login for name in _OWN):
        raise Refused("these Databricks credentials hold no login of their own", hint="add access_token")
    if "auth_type" in login and login["auth_type"] not in _LOGINS:
        raise Refused("this kind of login is not open to callers", hint=f"open are: {', '.join(_LOGINS)}")
    if "server_hostname" in login:
        _check_workspace_host(str(login["server_hostname"]), guard)


def _server_host(location: Location, named: Connection | None, allowed: frozenset[str]) -> str | None:
    """The host that a caller named; None when it is the one of the operator's connection."""
    try:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError:
        raise Refused(f"{location.shown}: this server has no driver for it", hint="the operator installs it") from None
    try:
        url = make_url(location.url)
        own = make_url(named.url) if named is not None and named.url and "://" in named.url else None
    except (ArgumentError, ValueError):
        raise Refused(f"{location.shown} is no database URL", hint="write KIND://USER@HOST/DATABASE") from None
    theirs = dict(own.query) if own is not None else {}
    for name, value in url.query.items():
        if name not in allowed and theirs.get(name) != value:
            raise _option(name, location)
    if own is not None and (url.host, url.port) == (own.host, own.port):
        return None
    if named is not None:
        # Its password goes to its own server only.
        raise Refused(
            f"{location.shown} is not at the server of the connection `{named.name}`",
            hint="name the database alone, or leave the connection out",
        )
    host = url.host or ""
    if location.scheme == "snowflake":
        # With a port the driver takes the host as it is; without, an account's name is completed.
        strange = not re.fullmatch(r"[\w.-]+", host)
        if strange or url.port is not None or (".snowflakecomputing" in host and not host.endswith(_SNOWFLAKE)):
            raise Refused(f"{location.shown} is not at Snowflake", hint="write snowflake://USER@ACCOUNT/DATABASE")
        return None
    if not host or "," in host or "/" in host:
        raise Refused(f"{location.shown} names no single host", hint=f"write {location.scheme}://USER@HOST/DATABASE")
    return host


def _check_workspace(
    location: Location, named: Connection | None, guard: Guard, allowed: frozenset[str], *, ambient: bool
) -> None:
    try:
        login = login_of(location.url)
        query = parse_qsl(urlsplit(location.url).query, keep_blank_values=True)
    except ValueError:
        raise Refused(f"{location.shown} is no URL", hint="write databricks://HOST/CATALOG?http_path=PATH") from None
    for name, _ in query:
        if name not in allowed:
            raise _option(name, location)
    own = any(login.get(name) for name in _OWN) and "server_hostname" in login
    if login:
        # Without a login of its own it is completed by the connection's, or the server's.
        check_login(login if own else {**login, "access_token": "-"}, guard)
    if not own and named is None and not ambient:
        raise Refused(
            f"{location.shown}: the warehouse of the server is not open to callers",
            hint="the operator opens it by the name databricks in the setting api_connections",
        )


def _check_workspace_host(text: str, guard: Guard) -> None:
    try:
        host = (urlsplit(text if "://" in text else f"https://{text}").hostname or "").rstrip(".")
    except ValueError:
        host = ""
    # Libraries differ in where a host ends that has other characters.
    if not _HOST.fullmatch(host) or not (host.endswith(_DATABRICKS) or guard.is_opened(host)):
        raise Refused(
            "this is no server of Databricks",
            hint="it looks like adb-1234.5.azuredatabricks.net; the operator opens others with api_hosts",
        )


def _option(name: str, location: Location) -> Refused:
    return Refused(f"{location.shown}: callers cannot set the option {name}", hint="leave it out")
