"""The one place that picks a store for a location."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping

from core.connections import Connection
from core.errors import Fault, SourceError
from core.sources.credentials import azure_credential, s3_credential
from core.sources.guard import Guard
from core.sources.locations import Kind, Location
from core.sources.stores.base import Store
from core.sources.stores.obstore import ObstoreStore, Twinned


def open_store(
    location: Location,
    connection: Connection | None = None,
    *,
    max_concurrency: int = 64,
    environ: Mapping[str, str] = os.environ,
    guard: Guard | None = None,
) -> Store:
    """A store for a location, which connects on its first use; at most `max_concurrency` connections.

    With a `guard` it connects and looks only where that lets it.

    Raises:
        SourceError: a driver is missing (its hint names the package), credentials don't fit the
            location, or it is no place of files.
    """
    match location.kind:
        case Kind.LOCAL:
            from core.sources.stores.local import LocalStore

            return LocalStore(location.path, threads=max_concurrency, guard=guard)
        case Kind.S3:
            from core.sources.stores.s3 import S3Store

            signed = s3_credential(location, connection, environ)
            return _fast(S3Store(location, signed, max_concurrency=max_concurrency, guard=guard), guard)
        case Kind.AZURE:
            from core.sources.stores.azure import AzureStore

            credential = azure_credential(location, connection, environ)
            return _fast(AzureStore(location, credential, max_concurrency=max_concurrency, guard=guard), guard)
        case Kind.OTHER if location.scheme in ("http", "https") and not location.path.endswith("/"):
            from core.sources.stores.http import HttpStore

            return HttpStore(location, guard)
        case Kind.OTHER if guard is not None:
            raise SourceError(Fault.DENIED, f"{location.shown}: nothing keeps this driver to what is open to callers")
        case Kind.OTHER:
            from core.sources.stores.fsspec import FsspecStore

            return FsspecStore(location, connection, threads=max_concurrency)
        case Kind.DATABASE:
            raise SourceError(Fault.UNSUPPORTED, f"{location.shown} is a database, not a place of files")


def _fast(store: Twinned, guard: Guard | None) -> Store:
    """The store with its reads through obstore, which connects where no guard can look."""
    if guard is not None or importlib.util.find_spec("obstore") is None:
        return store
    return ObstoreStore(store)
