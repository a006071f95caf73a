"""What a caller of the HTTP API may name, and the one way from a source's words to a place that can be opened.

The operator's own jobs have no rules. A caller's job has those that held when it was made: they are stored
with it, and whoever runs it goes by them.
"""

from __future__ import annotations

import concurrent.futures
import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from core.caller_databases import check_database, check_login
from core.caller_rules import CallerRules
from core.connections import Connection
from core.errors import NuvynError
from core.payload.models import DATABASE_KINDS, Job
from core.payload.problems import Problem
from core.secrets import mask_url
from core.sources.azure_urls import is_azure_host
from core.sources.credentials import azure_credential
from core.sources.database_urls import is_database
from core.sources.guard import Guard, Refused
from core.sources.locations import Kind, Location, locate
from core.sources.s3_urls import is_s3_host

if TYPE_CHECKING:
    from core.settings import Settings

_LOOKUP_S = 3.0
# One for all callers: names that are answered slowly cost nobody more than `_LOOKUP_S`, and no further threads.
_lookups = concurrent.futures.ThreadPoolExecutor(32, thread_name_prefix="lookup")
_REFERENCE = re.compile(r"\$\{\w+\}")
_ELSEWHERE = ("gs", "gcs", "hf")
"""Stores of fsspec whose servers are their own, whatever a URL says."""

ANONYMOUS = Connection("nobody", anonymous=True)
"""What signs nothing: a server that a caller named never sees the credentials of this machine."""


@dataclass(frozen=True, slots=True)
class Reach:
    """A place and what opens it. With a `guard`, only through that; `host` is the one that a caller named."""

    location: Location
    connection: Connection | None = None
    guard: Guard | None = None
    host: str | None = None


def reach(
    path: str,
    source_type: str,
    connection: str | None,
    settings: Settings,
    rules: CallerRules | None = None,
    *,
    own: Connection | None = None,
) -> Reach:
    """The place that a source names; `own` are credentials that the caller gave along.

    Raises:
        Refused: the rules do not let a caller name it.
        NuvynError: the path can't be placed, or the connection isn't known.
    """
    if rules is None:
        named = settings.connection(connection) if connection else None
        return Reach(locate(path, source_type, connection=named), named)
    if connection is not None and connection not in rules.connections:
        raise Refused(
            f"the connection `{connection}` is not open to callers",
            hint="the operator opens it with the setting api_connections",
            field="connection",
        )
    named = settings.connection(connection) if connection else None
    _no_references(path, source_type, named)
    location = locate(path, source_type, connection=own or named)
    guard = Guard(rules.hosts, rules.roots)
    if location.kind is Kind.LOCAL:
        _within(location.path, location, guard)
        return Reach(location, guard=guard)
    if location.kind is Kind.DATABASE:
        file, host = check_database(location, named, guard, ambient="databricks" in rules.connections)
        if file is not None:
            _within(file, location, guard)
    elif location.kind is Kind.OTHER:
        host = _other_host(location, named)
    else:
        host = _cloud_host(location, named, own)
    if host is None:
        return Reach(location, own or named)
    if named is not None and location.kind is not Kind.DATABASE:
        raise Refused(
            f"{location.shown} is not at the server of the connection `{named.name}`",
            hint="leave the connection out, or name a place of its own server",
        )
    if _is_address(host) and not guard.is_opened(host):
        guard.judge(host, [host])
    return Reach(location, _unambient(own, location.kind) if own else ANONYMOUS, guard, host)


def _unambient(own: Connection, kind: Kind) -> Connection:
    """A caller's credentials; where they are none for this kind of place, nothing is signed with the server's."""
    if kind is Kind.S3:
        signs = own.access_key_id and own.secret_access_key
    else:
        signs = own.account_key or own.sas_token or own.connection_string or own.password
    return own if signs else replace(own, anonymous=True)


def refusals(job: Job, settings: Settings, rules: CallerRules) -> list[Problem]:
    """What of a caller's payload the rules do not let through, before anything is connected to.

    Names are looked up, all at once and for a few seconds at most: one that is not known by then is judged
    when the job connects to it.
    """
    place = "" if job.single else "sources" if job.raw.get("sources") else "job_metadata.sources"
    checks: list[tuple[str, Callable[[], object]]] = []
    found: list[Problem] = []
    for source in job.sources:
        if source.path is None:
            continue
        entry = f"{place}[{source.index}]." if place else ""
        try:
            reached = reach(source.path, source.type, source.connection, settings, rules)
        except Refused as error:
            found.append(Problem(entry + error.field, error.message, error.hint))
        except NuvynError:
            continue  # A fault of this source: it fails, and the others run.
        else:
            if reached.guard is not None and reached.host is not None:
                checks.append((f"{entry}data_source_path", partial(reached.guard.resolve, reached.host, None)))
    if login := job.databricks_credentials:
        try:
            check_login(login, Guard(rules.hosts))
        except Refused as error:
            found.append(Problem("job_metadata.databricks_credentials", error.message, error.hint))
    return found + _looked_up(checks)


def _looked_up(checks: list[tuple[str, Callable[[], object]]]) -> list[Problem]:
    if not checks:
        return []
    found = []
    running = {_lookups.submit(check): path for path, check in checks}
    done, late = concurrent.futures.wait(running, timeout=_LOOKUP_S)
    for future in late:
        future.cancel()
    for future in done:
        error = future.exception()
        if isinstance(error, Refused):
            found.append(Problem(running[future], error.message, error.hint))
    return found


def _no_references(path: str, source_type: str, named: Connection | None) -> None:
    """`${ENV}` is the operator's way to write a secret: a caller could send any variable anywhere with it."""
    kinds = (source_type, named.kind if named else None)
    resolved = (
        path.startswith("${")
        or is_database(path.partition("://")[0])
        or any(kind == "database" or kind in DATABASE_KINDS for kind in kinds)
    )
    if resolved and (_REFERENCE.search(path) or _REFERENCE.search(unquote(path))):
        raise Refused(
            "a path of a caller cannot name a variable of the server", hint="write the value, or name a connection"
        )


def _within(path: str, location: Location, guard: Guard) -> None:
    if not guard.holds(path):
        raise Refused(
            f"{location.shown} is not below a folder that is open to callers",
            hint="the operator opens folders with the setting api_roots",
        )


def _cloud_host(location: Location, named: Connection | None, own: Connection | None) -> str | None:
    """The host of an endpoint that is neither the cloud's nor the operator's."""
    endpoint = location.endpoint
    if own is not None:
        is_azure = location.kind is Kind.AZURE
        endpoint = azure_credential(location, own).account_url if is_azure else endpoint or own.endpoint_url
    if endpoint is None:
        return None
    theirs = [named.endpoint_url if named else None]
    theirs += [os.environ.get("AWS_ENDPOINT_URL_S3"), os.environ.get("AWS_ENDPOINT_URL")]
    if own is None and any(url and _server(url) == _server(endpoint) for url in theirs):
        return None
    host = _host_of(endpoint)
    return None if is_azure_host(host) or is_s3_host(host) else host


def _other_host(location: Location, named: Connection | None) -> str | None:
    # fsspec takes what follows a `::` for a URL of its own; in brackets it is an IPv6 address.
    chained = "::" in re.sub(r"^https?://\[[0-9A-Fa-f:.]*\]", "", location.url)
    if location.scheme in _ELSEWHERE and not chained:
        return None
    if location.scheme not in ("http", "https") or chained:
        raise Refused(
            f"{location.shown}: this kind of URL is not open to callers", hint="name a cloud's place, or a web address"
        )
    if named is not None:
        raise Refused("a web address takes no connection of a caller", hint="leave the connection out")
    if location.path.endswith("/"):
        raise Refused(f"{location.shown}: callers cannot name a web folder", hint="name one file")
    return _host_of(location.url)


def _host_of(url: str) -> str:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise Refused(f"{mask_url(url)} names no host", hint="write https://HOST/PATH")
    return host


def _server(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    return scheme.lower(), rest.partition("/")[0].lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
