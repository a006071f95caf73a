"""What is far: each connection of the configuration, and the warehouse."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.connections import Connection
from core.doctor.findings import Finding, broken, off, ok
from core.errors import NuvynError, UsageError
from core.probe import probe
from core.secrets import mask
from core.text import plural

if TYPE_CHECKING:
    from core.settings import Settings

_SECONDS = 30.0


def check_connections(settings: Settings) -> Iterator[Finding]:
    """Each connection: what it signs with, and what it lists where it names a place; all at once."""
    if not settings.connections:
        yield off("connections", "none", "nuvyn init writes one")
        return
    yield from asyncio.run(_all(settings))


async def _all(settings: Settings) -> list[Finding]:
    return await asyncio.gather(*(_one(settings, name) for name in sorted(settings.connections)))


async def _one(settings: Settings, name: str) -> Finding:
    title = f"connection {name}"
    try:
        connection = settings.connection(name)
        signs = _signs_with(connection)
        if not connection.url:
            return ok(title, f"{signs}; it names no place: nuvyn connections test {name} PATH")
        found = await probe(connection.url, connection=connection)
    except NuvynError as error:
        return broken(title, mask(error.message), mask(error.hint))
    more = " or more" if found.more else ""
    return ok(title, f"{signs}; {found.location} lists {plural(found.count, found.noun)}{more}")


def _signs_with(connection: Connection) -> str:
    """By what kind of secret it signs in; the secret itself is never told."""
    kind = connection.kind or "any kind"
    known = {
        "anonymous": "nothing",
        "connection_string": "a connection string",
        "account_key": "an account key",
        "sas_token": "a SAS",
        "access_key_id": "an access key",
        "profile": "a profile",
        "password": "a password",
    }
    by = next((text for name, text in known.items() if getattr(connection, name)), "what the environment has")
    return f"{kind}, signs with {by}"


def check_databricks(settings: Settings) -> Iterator[Finding]:
    """Whether the warehouse answers, and as whom."""
    from core.databricks.target import NotConfigured, target_of

    name = "databricks"
    try:
        target = target_of(settings)
    except NotConfigured:
        yield off(name, "not configured", "see docs/databricks.md")
        return
    except UsageError as error:
        yield broken(name, mask(error.message), mask(error.hint))
        return
    from core.databricks.remote import Remote
    from core.databricks.warehouse import Warehouse

    stop = threading.Event()
    timer = threading.Timer(_SECONDS, stop.set)
    timer.start()
    warehouse = Warehouse(target, stop, lambda *told: None)
    where = f"{target.place} on {target.host}"
    try:
        yield ok(name, f"{where}, as {Remote(target, warehouse).identity()}")
    except NuvynError as error:
        late = f"{where} did not answer within {_SECONDS:g} s"
        yield broken(name, late if stop.is_set() else mask(error.message), mask(error.hint))
    finally:
        timer.cancel()
        warehouse.close()
