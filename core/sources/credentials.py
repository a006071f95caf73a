"""Which credentials a source uses: the contract's order, decided in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from core.connections import Connection
from core.secrets import register
from core.sources.locations import Location


@dataclass(frozen=True, slots=True)
class AzureCredential:
    """How to sign in to Azure storage. `described` says where it came from, for people.

    At most one of the secret fields is set; `identity` asks azure-identity's default chain; none
    of all that is anonymous.
    """

    described: str
    account: str | None
    endpoint: str | None = None
    sas: str | None = field(default=None, repr=False)
    account_key: str | None = field(default=None, repr=False)
    connection_string: str | None = field(default=None, repr=False)
    identity: bool = False


@dataclass(frozen=True, slots=True)
class S3Credential:
    """How to sign in to S3. `chain` asks the AWS default chain; `anonymous` signs nothing."""

    described: str
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    chain: bool = False
    anonymous: bool = False


_IDENTITY_SIGNS = (
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "IDENTITY_ENDPOINT",
    "MSI_ENDPOINT",
)


def azure_credential(
    location: Location, connection: Connection | None, environ: Mapping[str, str] = os.environ
) -> AzureCredential:
    """The first that is there of: SAS in the URL, the named connection, the environment's connection
    string, its account with key or SAS token, azure-identity's default chain, anonymous.
    """
    account, endpoint = location.account, location.endpoint
    if "sas" in location.secrets:
        return AzureCredential("the SAS in the URL", account, endpoint, sas=location.secrets["sas"])
    if connection is not None:
        return _azure_connection(location, connection)
    if text := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        named = _connection_string(text)
        # A connection string signs in to its own account only; another account's URL goes past it.
        if account is None or named.get("accountname", account) == account:
            _register_string(text)
            found = account or named.get("accountname")
            return AzureCredential("AZURE_STORAGE_CONNECTION_STRING", found, endpoint, connection_string=text)
    name = environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if name and (account is None or account == name):
        if key := environ.get("AZURE_STORAGE_ACCOUNT_KEY"):
            register(key)
            return AzureCredential("AZURE_STORAGE_ACCOUNT_KEY", name, endpoint, account_key=key)
        if sas := environ.get("AZURE_STORAGE_SAS_TOKEN"):
            _register_sas(sas)
            return AzureCredential("AZURE_STORAGE_SAS_TOKEN", name, endpoint, sas=sas.lstrip("?"))
    if any(environ.get(sign) for sign in _IDENTITY_SIGNS) or _az_signed_in(environ):
        return AzureCredential("azure-identity's default chain", account, endpoint, identity=True)
    return AzureCredential("no credentials were found (anonymous)", account, endpoint)


def _azure_connection(location: Location, connection: Connection) -> AzureCredential:
    described = f"connection {connection.name}"
    account = location.account or connection.account
    endpoint = location.endpoint or connection.endpoint_url
    if connection.connection_string:
        _register_string(connection.connection_string)
        named = _connection_string(connection.connection_string)
        return AzureCredential(
            described, account or named.get("accountname"), endpoint, connection_string=connection.connection_string
        )
    if connection.account_key:
        register(connection.account_key)
        return AzureCredential(described, account, endpoint, account_key=connection.account_key)
    if connection.sas_token:
        _register_sas(connection.sas_token)
        return AzureCredential(described, account, endpoint, sas=connection.sas_token.lstrip("?"))
    return AzureCredential(described, account, endpoint, identity=not connection.anonymous)


def s3_credential(
    location: Location, connection: Connection | None, environ: Mapping[str, str] = os.environ
) -> S3Credential:
    """The first that is there of: the named connection, the AWS default chain, anonymous.

    Whether the chain has anything is known only when it is asked; see `stores.s3`.
    """
    endpoint = location.endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    region = location.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if connection is None:
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            register(environ.get(name))
        return S3Credential("the AWS default chain", endpoint, region, chain=True)
    for secret in (connection.secret_access_key, connection.session_token):
        register(secret)
    return S3Credential(
        described=f"connection {connection.name}",
        endpoint=connection.endpoint_url or endpoint,
        region=connection.region or region,
        profile=connection.profile,
        access_key_id=connection.access_key_id,
        secret_access_key=connection.secret_access_key,
        session_token=connection.session_token,
        chain=connection.access_key_id is None and not connection.anonymous,
        anonymous=connection.anonymous,
    )


def _connection_string(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _register_string(text: str) -> None:
    register(text)
    named = _connection_string(text)
    register(named.get("accountkey"))
    if sas := named.get("sharedaccesssignature"):
        _register_sas(sas)


def _register_sas(token: str) -> None:
    register(token.lstrip("?"))
    for signature in parse_qs(token.lstrip("?")).get("sig", []):
        register(signature)


def _az_signed_in(environ: Mapping[str, str]) -> bool:
    folder = environ.get("AZURE_CONFIG_DIR") or os.path.join(environ.get("HOME", ""), ".azure")  # noqa: PTH118
    return os.path.exists(os.path.join(folder, "azureProfile.json"))  # noqa: PTH110, PTH118
