"""Where sync writes to and as whom: from a job's own credentials, the environment and the config file."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import UsageError
from core.secrets import expand, mask, register
from core.settings import Settings
from core.settings_sources import DATABRICKS as FIELDS

_ALIASES = {"host": "server_hostname", "hostname": "server_hostname", "token": "access_token"}
_SECRET = ("access_token", "client_secret", "azure_client_secret")
_CREDENTIALS = ("auth_type", "access_token", "client_id", "client_secret", "azure_client_id", "azure_client_secret")
_VOLUME = re.compile(r"/Volumes/[^/']+/[^/']+/[^/']+(?:/[^']+)?")
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-f:]+")
_NAME = re.compile(r"[^`./\s\x00-\x1f]+")


class AuthKind(StrEnum):
    """How to log in. The browser is used only when asked for by name."""

    PAT = "token"
    OAUTH_M2M = "oauth-m2m"
    AZURE_SP = "azure-sp"
    BROWSER = "browser"


_AUTH_NAMES = {
    "pat": AuthKind.PAT,
    "databricks-oauth": AuthKind.BROWSER,
    "azure-oauth": AuthKind.BROWSER,
    "external-browser": AuthKind.BROWSER,
    "azure-sp-m2m": AuthKind.AZURE_SP,
    "azure-client-secret": AuthKind.AZURE_SP,
} | {kind.value: kind for kind in AuthKind}


class NotConfigured(UsageError):
    """No warehouse is named, or something that it takes is missing."""


@dataclass(frozen=True, slots=True)
class Target:
    """A warehouse, the schema there, and who logs in; its repr shows no secret."""

    scheme: str
    host: str
    port: int
    http_path: str
    catalog: str
    schema: str
    auth: AuthKind
    volume: str | None = None
    ca_file: str | None = None
    token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    tenant_id: str | None = None

    @property
    def address(self) -> str:
        """The server as a URL, without a path."""
        standard = self.port == {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{self.host}" + ("" if standard else f":{self.port}")

    @property
    def place(self) -> str:
        """`catalog.schema`."""
        return f"{self.catalog}.{self.schema}"

    @property
    def login(self) -> str:
        """Who logs in, in words."""
        return {
            AuthKind.PAT: "access token",
            AuthKind.OAUTH_M2M: f"service principal {self.client_id}",
            AuthKind.AZURE_SP: f"Azure service principal {self.client_id}",
            AuthKind.BROWSER: "browser login",
        }[self.auth]


def is_configured(
    settings: Settings, credentials: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> bool:
    """Whether anything names a warehouse to write to; it may still be incomplete."""
    environ = os.environ if environ is None else environ
    return "server_hostname" in _merged((settings.databricks, _variables(environ), credentials or {}), environ)


def target_of(
    settings: Settings,
    credentials: Mapping[str, Any] | None = None,
    *,
    place: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Target:
    """The target: `credentials` (a job's) over variables over `[databricks]` of the config file.

    `place` is `catalog.schema`, or a catalog's name. A layer that names another host, or any credential,
    makes those of the layers below void: a secret only goes where it was meant to go.

    Raises:
        NotConfigured: something is missing; the message names all of it.
        UsageError: something is wrong.
    """
    environ = os.environ if environ is None else environ
    return _target(
        _merged((settings.databricks, _variables(environ), credentials or {}), environ),
        place=(settings.catalog, settings.schema_name),
        wanted=place,
        where=f"below [databricks] in {settings.config_file}",
    )


def source_target(
    layers: Sequence[Mapping[str, Any]], place: tuple[str, str], environ: Mapping[str, str] | None = None
) -> Target:
    """A warehouse to read from, whose catalog and schema are `place`: the variables, and over them each of `layers`.

    Raises:
        NotConfigured: something is missing; the message names all of it.
        UsageError: something is wrong.
    """
    environ = os.environ if environ is None else environ
    found = _merged((_variables(environ), *layers), environ)
    # Where sync writes is no place to read from unasked.
    found = {name: value for name, value in found.items() if name not in ("catalog", "schema", "volume")}
    return _target(found, place=place, wanted=None, where="into the connection that the source names")


def _target(found: Mapping[str, str], *, place: tuple[str, str], wanted: str | None, where: str) -> Target:
    kind = _auth_kind(found)
    needed = {
        AuthKind.PAT: ("access_token",),
        AuthKind.OAUTH_M2M: ("client_id", "client_secret"),
        AuthKind.AZURE_SP: ("azure_client_id", "azure_client_secret"),
        AuthKind.BROWSER: (),
    }[kind]
    missing = [name for name in ("server_hostname", "http_path", *needed) if name not in found]
    if missing:
        variables = ", ".join(FIELDS[name][0] for name in missing)
        raise NotConfigured(
            f"no Databricks warehouse is configured: {variables} not set",
            hint=f"set them, or write {', '.join(missing)} {where}",
        )
    scheme, host, port = _server(found["server_hostname"])
    catalog, schema = found.get("catalog", place[0]), found.get("schema", place[1])
    if wanted:
        catalog, dot, rest = wanted.partition(".")
        schema = rest if dot else schema
    for what, name in (("catalog", catalog), ("schema", schema)):
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a {what}", hint="write it as catalog.schema")
    azure = kind is AuthKind.AZURE_SP
    return Target(
        scheme=scheme,
        host=host,
        port=port,
        http_path="/" + found["http_path"].strip().strip("/"),
        catalog=catalog,
        schema=schema,
        auth=kind,
        volume=_volume(found.get("volume")),
        ca_file=_file(found.get("ca_file")),
        token=found.get("access_token"),
        client_id=found.get("azure_client_id" if azure else "client_id"),
        client_secret=found.get("azure_client_secret" if azure else "client_secret"),
        tenant_id=found.get("azure_tenant_id"),
    )


def _variables(environ: Mapping[str, str]) -> dict[str, str | None]:
    return {
        name: next((environ[variable] for variable in names if environ.get(variable)), None)
        for name, names in FIELDS.items()
    }


def _merged(layers: Iterable[Mapping[str, Any]], environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of all layers, each over those before it."""
    found: dict[str, str] = {}
    for given in layers:
        layer = named_once(given)
        values = {name: _text(name, layer[name], environ) for name in FIELDS if name in layer}
        host = values.get("server_hostname")
        elsewhere = host is not None and _bare(host) != _bare(found.get("server_hostname", ""))
        if elsewhere or any(name in values for name in _CREDENTIALS):
            gone = (*_CREDENTIALS, "http_path") if elsewhere else _CREDENTIALS
            found = {name: value for name, value in found.items() if name not in gone}
        found |= values
    return found


def named_once(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by their own names, those without a value left out; of several names of one, the last counts."""
    layer = {_ALIASES.get(name, name): value for name, value in given.items()}
    return {name: value for name, value in layer.items() if value not in (None, "")}


def _bare(server: str) -> str:
    """A server's name without what it may be written with."""
    return server.lower().removeprefix("https://").rstrip("/").removesuffix(":443")


def _text(name: str, value: Any, environ: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        raise UsageError(f"the Databricks setting {name} must be text", hint="put it in quotes")
    text = expand(value.strip(), environ, secret=name in _SECRET)
    if name in _SECRET:
        register(text)
        if not text.isascii() or not text.isprintable():
            raise UsageError(f"the Databricks setting {name} holds characters that no token has", hint="copy it again")
    return text


def _auth_kind(found: Mapping[str, str]) -> AuthKind:
    if named := found.get("auth_type"):
        kind = _AUTH_NAMES.get(named.lower())
        if kind is None:
            known = ", ".join(kind.value for kind in AuthKind)
            raise UsageError(f"{mask(named)} is no kind of login", hint=f"auth_type is one of: {known}")
        return kind
    if "access_token" in found:
        return AuthKind.PAT
    if "client_secret" in found:
        return AuthKind.OAUTH_M2M
    return AuthKind.AZURE_SP if "azure_client_secret" in found else AuthKind.PAT


def _server(text: str) -> tuple[str, str, int]:
    """Scheme, host and port of what names the server: a host name or a URL."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if (
        not host
        or not _HOST.fullmatch(host)
        or parts.scheme not in ("http", "https")
        or parts.username
        or parts.path.strip("/")
        or parts.query
    ):
        raise UsageError(
            f"{mask(text)} is no name of a Databricks server", hint="it looks like adb-1234.5.azuredatabricks.net"
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(f"{host} would be spoken to without encryption", hint="write it without http://")
    return parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _volume(text: str | None) -> str | None:
    if text is None:
        return None
    if not _VOLUME.fullmatch(text.rstrip("/")):
        raise UsageError(f"{text} is no place in a volume", hint="it looks like /Volumes/CATALOG/SCHEMA/VOLUME")
    return text.rstrip("/")


def _file(text: str | None) -> str | None:
    if text is None:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise UsageError(f"the certificate file {path} does not exist", hint="ca_file names a PEM file")
    return str(path)
