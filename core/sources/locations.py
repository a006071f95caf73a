"""A path from a payload as a `Location`: which kind of place, and where in it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from core.connections import Connection
from core.errors import Fault, SourceError
from core.secrets import expand, mask, register


class Kind(StrEnum):
    """The kinds of place, by the names of `source_type` in answers and the mirror."""

    AZURE = "azure_blob"
    S3 = "aws_s3"
    LOCAL = "local_filesystem"
    OTHER = "fsspec"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a source is.

    Attributes:
        kind: which family of store.
        scheme: the URL scheme that fsspec or SQLAlchemy would use (`abfs`, `s3`, `file`, `gs`, `postgresql`).
        container: Azure container or S3 bucket; empty elsewhere.
        path: the prefix in the container, without a leading `/` unless the key has one; for a
            local location the absolute path; for any other URL what stands after `scheme://`.
        account: Azure storage account, when the path names it.
        endpoint: URL of the service when it isn't the public one (emulators, S3-compatible servers).
        region: S3 region, when the path names it.
        secrets: secret parts taken out of the path (`sas`, `password`), never shown.
        url: for databases and other fsspec URLs, the URL with its secrets; never shown.
        shown: the path for people: as written, its secret parts as `***`.
    """

    kind: Kind
    scheme: str
    container: str
    path: str
    shown: str
    account: str | None = None
    endpoint: str | None = None
    region: str | None = None
    url: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


_FORMATS = frozenset({"csv", "parquet", "json", "excel", "avro", "orc", "arrow", "delta", "iceberg"})
_DATABASES = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
    "mssql": "mssql",
    "snowflake": "snowflake",
    "databricks": "databricks",
    "oracle": "oracle",
}
_AZURE_SCHEMES = frozenset({"abfs", "abfss", "wasb", "wasbs", "az"})
_S3_SCHEMES = frozenset({"s3", "s3a", "s3n"})
_AZURE_HOST = re.compile(r"([a-z0-9-]+)\.(?:blob|dfs)\.(core\.[a-z.]+|storage\.azure\.net|fabric\.microsoft\.com)")
_S3_VIRTUAL = re.compile(r"(.+)\.s3[.-](?:dualstack\.)?(?:([a-z0-9-]+)\.)?(amazonaws\.com(?:\.cn)?)")
_S3_PATH = re.compile(r"s3[.-](?:dualstack\.)?(?:([a-z0-9-]+)\.)?(amazonaws\.com(?:\.cn)?)")
_EMULATOR_ACCOUNT = "devstoreaccount1"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)


def format_of(source_type: str) -> str | None:
    """The one file format that a source type asks for, or None when any will do."""
    return source_type if source_type in _FORMATS else None


def locate(
    path: str,
    source_type: str = "auto",
    *,
    connection: Connection | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Location:
    """The place that a path names.

    In an `https://` URL of a cloud the key is URL-encoded and is decoded once; everywhere else a
    path is taken as it is. `${ENV}` is resolved in database URLs only, since it may be in a key.

    Raises:
        SourceError: no place has such a path, or the source type says another kind.
        UsageError: a variable that a database URL names is not set.
    """
    match = _SCHEME.fullmatch(path)
    scheme = match[1].lower() if match else ""
    family = scheme.partition("+")[0]
    if source_type == "database" or source_type in _DATABASES or (family in _DATABASES and match):
        found = _database(path, source_type, environ)
    elif not match:
        found = _local(path)
    elif scheme == "file":
        found = _file_url(path, match[2])
    elif scheme in _AZURE_SCHEMES:
        found = _azure_url(path, match[2], connection, environ)
    elif scheme in _S3_SCHEMES:
        bucket, _, key = match[2].partition("/")
        found = Location(Kind.S3, "s3", _named(bucket, path, "bucket"), key, path)
    elif scheme in ("http", "https"):
        found = _http(path, source_type, connection)
    else:
        found = Location(Kind.OTHER, scheme, "", match[2], mask(path), url=path)
    _agree(found, source_type)
    return found


def _agree(found: Location, source_type: str) -> None:
    named = {"azure_blob": Kind.AZURE, "aws_s3": Kind.S3, "local_filesystem": Kind.LOCAL}.get(source_type)
    if named is not None and found.kind is not named:
        raise SourceError(
            Fault.UNSUPPORTED,
            f"{found.shown} is of type {found.kind.value}, not {source_type}",
            hint="correct data_source_type, or leave it out: `auto` finds it",
        )


def _named(container: str, path: str, what: str) -> str:
    if not container:
        raise SourceError(Fault.UNSUPPORTED, f"{mask(path)} names no {what}", hint=f"add the {what} to the path")
    return container


def _local(path: str) -> Location:
    if "\x00" in path:
        raise SourceError(Fault.UNSUPPORTED, "a local path cannot hold a NUL character", hint="correct the path")
    absolute = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 - a path is kept as text
    return Location(Kind.LOCAL, "file", "", absolute, path)


def _file_url(path: str, rest: str) -> Location:
    host, slash, below = rest.partition("/")
    if host not in ("", "localhost"):
        raise SourceError(
            Fault.UNSUPPORTED, f"{path} names the host {host}", hint="a file URL has three slashes: file:///folder"
        )
    local = slash + below
    if re.match(r"/[A-Za-z]:", local):
        local = local[1:]
    return Location(Kind.LOCAL, "file", "", os.path.abspath(local or "/"), path)  # noqa: PTH100


def _azure_url(path: str, rest: str, connection: Connection | None, environ: Mapping[str, str]) -> Location:
    authority, _, key = rest.partition("/")
    container, at, host = authority.partition("@")
    account = host.partition(".")[0] if at else None
    if account is None:
        account = (connection.account if connection else None) or environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    return Location(Kind.AZURE, "abfs", _named(container, path, "container"), key, path, account=account or None)


def _http(path: str, source_type: str, connection: Connection | None) -> Location:
    parts = urlsplit(path)
    host = (parts.hostname or "").lower()
    # A key may hold an encoded `?` or `#`, so the key is decoded after the URL was split.
    below = unquote(parts.path).lstrip("/") if not parts.path.startswith("//") else unquote(parts.path)[1:]
    kind = source_type if source_type in ("azure_blob", "aws_s3") else (connection.kind if connection else None)
    service = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if azure := _AZURE_HOST.fullmatch(host):
        endpoint = None if azure[2] == "core.windows.net" else f"{service.replace('.dfs.', '.blob.')}"
        return _azure_http(path, parts.query, below, azure[1], endpoint)
    first, _, rest = below.partition("/")
    if first == _EMULATOR_ACCOUNT or kind == "azure_blob":
        return _azure_http(path, parts.query, rest, first, f"{service}/{first}")
    if virtual := _S3_VIRTUAL.fullmatch(host):
        return _s3_http(path, virtual[1], below, virtual[2], None)
    if plain := _S3_PATH.fullmatch(host):
        return _s3_http(path, first, rest, plain[1], None)
    if kind == "aws_s3":
        return _s3_http(path, first, rest, None, service)
    return Location(Kind.OTHER, parts.scheme, "", path.partition("://")[2], mask(path), url=path)


def _azure_http(path: str, query: str, below: str, account: str, endpoint: str | None) -> Location:
    container, _, key = below.partition("/")
    secrets = {}
    if "sig" in parse_qs(query):
        secrets["sas"] = query
        register(parse_qs(query)["sig"][0])
    return Location(
        Kind.AZURE,
        "abfs",
        _named(container, path.partition("?")[0], "container"),
        key,
        mask(path),
        account=account,
        endpoint=endpoint,
        secrets=secrets,
    )


def _s3_http(path: str, bucket: str, key: str, region: str | None, endpoint: str | None) -> Location:
    bucket = _named(bucket, path.partition("?")[0], "bucket")
    return Location(Kind.S3, "s3", bucket, key, mask(path), endpoint=endpoint, region=region)


def _database(path: str, source_type: str, environ: Mapping[str, str]) -> Location:
    url = expand(path, environ)
    match = _SCHEME.fullmatch(url)
    if match is None:
        kind = _DATABASES.get(source_type)
        if kind not in ("sqlite", "duckdb"):
            raise SourceError(
                Fault.UNSUPPORTED, f"{mask(path)} is not a database URL", hint="write it as postgresql://HOST/DATABASE"
            )
        file = Path(url).expanduser().absolute()
        return Location(Kind.DATABASE, kind, "", str(file), mask(path), url=f"{kind}:///{file}")
    password = urlsplit(url).password if "@" in match[2] else None
    register(password)
    family = match[1].lower().partition("+")[0]
    scheme = _DATABASES.get(family, family)
    return Location(Kind.DATABASE, scheme, "", "", mask(path), url=url, secrets={"password": password or ""})
