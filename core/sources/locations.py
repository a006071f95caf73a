"""A path from a payload as a `Location`: which kind of place, and where in it."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping

from core.connections import Connection
from core.payload.models import DATABASE_KINDS, FILE_FORMATS
from core.secrets import expand, mask_url, register_tree
from core.sources import azure_urls, database_urls, local_paths, s3_urls
from core.sources.place import Kind, Location, unplaced
from core.sources.web_urls import take_apart
from core.text import is_text, safe

__all__ = ["Kind", "Location", "format_of", "locate"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.:_-]*)://(.*)", re.DOTALL)
_REFERENCE_FIRST = re.compile(r"\$\{[A-Za-z_]\w*\}", re.ASCII)


def format_of(source_type: str) -> str | None:
    """The one file format that a source type asks for, or None when any will do."""
    return source_type if source_type in FILE_FORMATS else None


def root_name(location: Location, otherwise: str) -> str:
    """What to call a table that lies directly in a source's root: the root folder's own name."""
    path = location.path.replace("\\", "/").rstrip("/")
    return path.rpartition("/")[2] or location.container or otherwise


def locate(
    path: str,
    source_type: str = "auto",
    *,
    connection: Connection | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Location:
    """The place that a path names.

    In an `https://` URL of a cloud the key is URL-encoded and is decoded once; everywhere else a
    path is taken as it is. `${ENV}` is resolved in database URLs and where a path starts with it,
    nowhere else: it may be in a key.

    Raises:
        SourceError: no place has such a path, or the source type says another kind.
        UsageError: a variable that the path names is not set.
    """
    if not path.strip():
        raise unplaced("the path is empty", "write where the data is into data_source_path")
    kind = source_type if source_type in tuple(Kind) else (connection.kind if connection else None)
    as_database = source_type == "database" or source_type in DATABASE_KINDS
    if (as_database or _SCHEME.fullmatch(path)) and not is_text(path):
        raise unplaced(f"{safe(mask_url(path))} is not UTF-8", "only a path of this machine may be other than text")
    if _REFERENCE_FIRST.match(path) and not as_database:
        resolved = expand(path, environ, secret=False)
        if _REFERENCE_FIRST.match(resolved):
            raise unplaced(f"{mask_url(path)} names a variable that names another", "write the place into the variable")
        found = locate(resolved, source_type, connection=connection, environ=environ)
        return _renamed(found, mask_url(path))
    found = (
        database_urls.locate_database(path, source_type, connection, environ)
        if as_database and not _is_other_place(path)
        else _place(path, kind, connection, environ)
    )
    _agree(found, source_type)
    return found


def _place(path: str, kind: str | None, connection: Connection | None, environ: Mapping[str, str]) -> Location:
    match = _SCHEME.fullmatch(path)
    if match is None:
        return _without_scheme(path, kind, connection, environ)
    scheme, rest = match[1].lower(), match[2]
    if scheme in ("file", "local"):
        return local_paths.from_file_url(path, f"//{rest}")
    if scheme == "dbfs":
        return local_paths.from_dbfs(path, rest)
    if scheme in azure_urls.SCHEMES:
        return azure_urls.from_scheme(path, scheme, rest)
    if scheme in s3_urls.SCHEMES:
        return s3_urls.from_scheme(path, scheme, rest)
    if scheme in ("http", "https"):
        return _web(path, scheme, rest, kind, connection, environ)
    if scheme.startswith("jdbc:"):
        raise unplaced(
            f"{mask_url(path)} is a JDBC URL", "write the database as SQLAlchemy does: postgresql://HOST/NAME"
        )
    if database_urls.is_database(scheme):
        return database_urls.locate_database(path, scheme, connection, environ)
    return _other(path, scheme)


def _without_scheme(path: str, kind: str | None, connection: Connection | None, environ: Mapping[str, str]) -> Location:
    host = path.partition("/")[0].lower()
    if azure_urls.is_azure_host(host) or s3_urls.is_s3_host(host):
        return _renamed(_web(f"https://{path}", "https", path, kind, connection, environ), mask_url(path))
    if path.startswith("dbfs:/"):
        return local_paths.from_dbfs(path, path.removeprefix("dbfs:"))
    if path.startswith("file:/"):
        return local_paths.from_file_url(path, path.removeprefix("file:"))
    if kind in (Kind.AZURE, Kind.S3) and not path.startswith(("/", "~", ".", "\\")):
        scheme = "az" if kind is Kind.AZURE or kind == Kind.AZURE.value else "s3"
        raise unplaced(f"{path} is a path without a scheme", f"write {scheme}://{path}")
    if kind is not None and connection is not None and (kind == Kind.DATABASE.value or kind in DATABASE_KINDS):
        return database_urls.locate_database(path, kind, connection, environ)
    return local_paths.from_path(path)


def _web(
    path: str, scheme: str, rest: str, kind: str | None, connection: Connection | None, environ: Mapping[str, str]
) -> Location:
    url = take_apart(path, scheme, rest)
    if azure_urls.is_azure_host(url.host):
        return azure_urls.from_web(url)
    if s3_urls.is_presigned(url):
        return _other(path, scheme)
    if s3_urls.is_s3_host(url.host):
        return s3_urls.from_web(url)
    endpoints = [connection.endpoint_url] if connection and kind == Kind.S3.value else []
    endpoints += [environ.get("AWS_ENDPOINT_URL_S3"), environ.get("AWS_ENDPOINT_URL")]
    for endpoint in endpoints:
        if endpoint and f"{url.service}/{url.path}".startswith(endpoint.rstrip("/") + "/"):
            return s3_urls.from_web(url, endpoint=endpoint.rstrip("/"))
    if kind == Kind.S3.value:
        return s3_urls.from_web(url)
    if kind == Kind.AZURE.value or azure_urls.is_emulator(url):
        return azure_urls.from_web(url)
    return _other(path, scheme)


def _other(path: str, scheme: str) -> Location:
    """Any other URL that fsspec may have a driver for; whether it is installed is known when it is opened."""
    from fsspec.registry import known_implementations, registry

    first = scheme.partition("::")[0]
    known = {*known_implementations, *registry}
    if first not in known:
        ours = {*known, *azure_urls.SCHEMES, *s3_urls.SCHEMES, *database_urls.DIALECTS}
        near = difflib.get_close_matches(first, sorted(ours), 1)
        hint = (
            f"did you mean {near[0]}://?" if near else "write s3://, abfs://, file:// or another URL that fsspec knows"
        )
        raise unplaced(f"{mask_url(path)}: nothing reads {first}:// URLs", hint)
    register_tree(path)
    shown = mask_url(path)
    return Location(Kind.OTHER, first, "", shown.partition("://")[2], shown, url=path)


def _is_other_place(path: str) -> bool:
    """Whether a path is surely no database's: the URL of a store of files."""
    match = _SCHEME.fullmatch(path)
    scheme = match[1].lower() if match else ""
    return scheme in {"http", "https", "file", "dbfs", *azure_urls.SCHEMES, *s3_urls.SCHEMES}


def _agree(found: Location, source_type: str) -> None:
    """Raise when a source type says another kind of place, or another database, than the path."""
    wanted: str | None = None
    if source_type in DATABASE_KINDS:
        same = {found.scheme, {"mariadb": "mysql"}.get(found.scheme, found.scheme)}
        if found.kind is not Kind.DATABASE or (found.scheme in database_urls.DIALECTS and source_type not in same):
            wanted = f"a {source_type} database"
    elif source_type in tuple(Kind) and found.kind.value != source_type:
        # A presigned URL of S3 is read as the plain web page that it is.
        if source_type == Kind.S3.value and found.scheme in ("http", "https"):
            return
        wanted = source_type
    if wanted:
        what = f"{found.kind.value} ({found.scheme})" if found.kind in (Kind.OTHER, Kind.DATABASE) else found.kind.value
        raise unplaced(
            f"{found.shown} is {what}, but data_source_type says {wanted}",
            "correct data_source_type, or leave it out: `auto` finds it",
        )


def _renamed(found: Location, shown: str) -> Location:
    from dataclasses import replace

    return replace(found, shown=shown)
