"""`nuvyn init`: a short dialogue that writes a connection into the config file, and tries it."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping

import click

from core.cli.context import settings
from core.config_file import add_connection
from core.connections import connection_of
from core.errors import NuvynError
from core.probe import probe
from core.secrets import mask, mask_url
from core.text import plural, safe

_Fields = dict[str, str | bool]


@click.command()
def init() -> int:
    """Write a connection into the config file: where the data is, and how to sign in there.

    No secret is asked for: the file names the environment variable that holds it.
    """
    found = settings()
    click.echo(f"home folder: {safe(str(found.home))}")
    click.echo(f"config file: {safe(str(found.config_file))}")
    if found.connections:
        click.echo(f"connections: {', '.join(sorted(found.connections))}")
    kind = click.prompt("What do you want to read?", type=click.Choice([*_KINDS, "local"]), default="local")
    if kind == "local":
        click.echo("A local folder needs no connection. Next: nuvyn inspect FOLDER")
        return 0
    name = click.prompt("A name for it, as payloads will have it", default=_free(kind, found.connections))
    fields, place = _KINDS[kind](name)
    add_connection(found.config_file, name, fields)
    click.echo(f"[connections.{name}] is in {safe(str(found.config_file))}")
    _try(name, fields, place)
    click.echo("Next: a payload whose sources have it as their `connection`, then: nuvyn run PAYLOAD.json")
    return 0


def _azure(name: str) -> tuple[_Fields, str]:
    account = click.prompt("Storage account")
    how = click.prompt(
        "How to sign in?", type=click.Choice(["identity", "key", "sas", "connection-string"]), default="identity"
    )
    fields: _Fields = {"kind": "azure_blob", "account": account}
    secret = {"key": "account_key", "sas": "sas_token", "connection-string": "connection_string"}.get(how)
    if secret is None:
        click.echo("As `az login`, a managed identity or AZURE_CLIENT_ID and its secret say.")
    else:
        fields[secret] = _variable(name, secret)
    container = click.prompt("A container to try it with (empty: not now)", default="", show_default=False)
    return fields, container and f"az://{container}"


def _s3(name: str) -> tuple[_Fields, str]:
    fields: _Fields = {"kind": "aws_s3"}
    how = click.prompt(
        "How to sign in?", type=click.Choice(["environment", "profile", "keys", "anonymous"]), default="environment"
    )
    if how == "profile":
        fields["profile"] = click.prompt("Profile of ~/.aws", default="default")
    elif how == "keys":
        fields["access_key_id"] = click.prompt("Access key id")
        fields["secret_access_key"] = _variable(name, "secret_access_key")
    elif how == "anonymous":
        fields["anonymous"] = True
    for field, asked in (("region", "Region"), ("endpoint_url", "URL of the server, when it is not AWS")):
        if given := click.prompt(f"{asked} (empty: as usual)", default="", show_default=False):
            fields[field] = given
    bucket = click.prompt("A bucket to try it with (empty: not now)", default="", show_default=False)
    return fields, bucket and f"s3://{bucket}"


def _database(name: str) -> tuple[_Fields, str]:
    url = click.prompt("URL without the password, as postgresql://USER@HOST/DATABASE")
    while mask_url(url) != url:
        url = click.prompt("There is a password in it: write the URL without")
    fields: _Fields = {"kind": "database", "url": url}
    if "://" in url and not url.startswith(("sqlite:", "duckdb:")):
        fields["password"] = _variable(name, "password")
    return fields, url


_KINDS: Mapping[str, Callable[[str], tuple[_Fields, str]]] = {"azure": _azure, "s3": _s3, "database": _database}


def _variable(name: str, field: str) -> str:
    """A reference to the variable that holds a secret."""
    suggested = re.sub(r"\W", "_", f"{name}_{field}").upper()
    while True:
        given: str = click.prompt(
            f"The environment variable that holds the {field.replace('_', ' ')}", default=suggested
        )
        if re.fullmatch(r"[A-Za-z_]\w*", given.strip("${}"), re.ASCII):
            break
        click.echo("That is no variable's name: letters, digits and _.")
    variable = given.strip("${}")
    if variable not in os.environ:
        click.echo(f"{variable} is not set in this shell yet: export {variable}=…")
    return f"${{{variable}}}"


def _free(kind: str, taken: Mapping[str, object]) -> str:
    return next(name for at in range(1, len(taken) + 2) if (name := kind if at == 1 else f"{kind}{at}") not in taken)


def _try(name: str, fields: _Fields, place: str) -> None:
    """Say whether what was named can be listed; it stays in the file either way."""
    if not place:
        return
    try:
        connection = connection_of(name, fields, os.environ)
        found = asyncio.run(probe(place, connection=connection))
    except NuvynError as error:
        click.echo(f"{safe(mask(place))} could not be reached: {safe(mask(error.message))}")
        if error.hint:
            click.echo(f"  hint: {safe(mask(error.hint))}")
        click.echo(f"Once that is mended: nuvyn connections test {name} {safe(mask(place))}")
        return
    what = "table" if found.kind == "database" else "object"
    click.echo(f"{safe(mask(place))} can be listed: {plural(found.count, what)} seen")
