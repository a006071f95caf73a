"""Which credentials a source uses: the contract's order, decided in one place and without I/O."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from core.connections import Connection
from core.errors import Fault, SourceError
from core.secrets import register
from core.sources.locations import Location


@dataclass(frozen=True, slots=True)
class AzureCredential:
    """How to sign in to Azure storage; its repr shows no secret.

    Attributes:
        described: where it came from, for people; for anonymous, what was looked for.
        account: the storage account; None when nothing names it.
        account_url: URL of its blob service; None when nothing names it.
        identity: ask azure-identity's default chain; with `sas` and `account_key` None too it is anonymous.
        expires: when the SAS ends, UTC; None when it doesn't say.
    """

    described: str
    account: str | None
    account_url: str | None
    sas: str | None = field(default=None, repr=False)
    account_key: str | None = field(default=None, repr=False)
    identity: bool = False
    expires: datetime | None = None

    @property
    def anonymous(self) -> bool:
        return self.sas is None and self.account_key is None and not self.identity


@dataclass(frozen=True, slots=True)
class S3Credential:
    """How to sign in to S3; its repr shows no secret.

    Attributes:
        described: where it came from, for people.
        endpoint: URL of the service when it isn't AWS's own.
        public: the location names AWS itself, so that configured endpoints don't count.
        chain: ask the AWS default chain; when it has nothing, sign nothing.
        anonymous: sign nothing.
    """

    described: str
    endpoint: str | None = None
    region: str | None = None
    public: bool = False
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    chain: bool = False
    anonymous: bool = False


LOOKED_FOR_AZURE = (
    "looked for a SAS in the URL, a connection, AZURE_STORAGE_CONNECTION_STRING, "
    "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN"
)
_IDENTITY_SIGNS = (
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
    "IDENTITY_ENDPOINT",
    "MSI_ENDPOINT",
)
# Parameters of a request rather than of a signature; a URL copied from a browser has them.
_NOT_OF_A_SAS = frozenset({"restype", "comp", "prefix", "marker", "delimiter", "maxresults", "include", "timeout"})


def azure_credential(
    location: Location, connection: Connection | None, environ: Mapping[str, str] = os.environ
) -> AzureCredential:
    """The first that is there of: SAS in the URL, the named connection, the environment's connection
    string, its account with key or SAS token, azure-identity's default chain, anonymous.

    What the environment holds for one account is never used for another.

    Raises:
        SourceError: the connection is for another account, or a connection string is malformed.
    """
    if location.secrets.get("sas"):
        sas = _sas(location.secrets["sas"])
        url = _account_url(location, connection.account if connection else None)
        return AzureCredential("the SAS in the URL", location.account, url, sas=sas, expires=_expiry(sas))
    if connection is not None:
        return _azure_connection(location, connection, environ)
    if text := environ.get("AZURE_STORAGE_CONNECTION_STRING"):
        named = _parse(text)
        if location.account in (None, _account_of(named)):
            return _by_string(location, named, "AZURE_STORAGE_CONNECTION_STRING", None)
    name = environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if name and location.account in (None, name):
        url = _account_url(location, name)
        if key := environ.get("AZURE_STORAGE_ACCOUNT_KEY"):
            register(key)
            return AzureCredential("AZURE_STORAGE_ACCOUNT_KEY", name, url, account_key=key)
        if token := environ.get("AZURE_STORAGE_SAS_TOKEN"):
            sas = _sas(token)
            return AzureCredential("AZURE_STORAGE_SAS_TOKEN", name, url, sas=sas, expires=_expiry(sas))
    return _by_identity(location, name, environ)


def _azure_connection(location: Location, connection: Connection, environ: Mapping[str, str]) -> AzureCredential:
    described = f"connection {connection.name}"
    account = location.account or connection.account
    if connection.account and account != connection.account:
        raise SourceError(
            Fault.CREDENTIALS,
            f"{location.shown} is in account {account}, but {described} is for account {connection.account}",
            hint="name the connection of that account, or correct the path",
        )
    url = _account_url(location, account, connection.endpoint_url)
    if connection.anonymous:
        return AzureCredential(f"{described} is anonymous", account, url)
    if connection.connection_string:
        return _by_string(location, _parse(connection.connection_string), described, connection.endpoint_url)
    if connection.account_key:
        register(connection.account_key)
        return AzureCredential(described, account, url, account_key=connection.account_key)
    if connection.sas_token:
        sas = _sas(connection.sas_token)
        return AzureCredential(described, account, url, sas=sas, expires=_expiry(sas))
    found = _by_identity(location, account, environ)
    return AzureCredential(found.described, account, url, identity=found.identity)


def _by_string(location: Location, named: Mapping[str, str], described: str, endpoint: str | None) -> AzureCredential:
    account = location.account or named.get("accountname")
    if account is None and "blobendpoint" not in named:
        raise SourceError(
            Fault.CREDENTIALS, f"{described} names neither AccountName nor BlobEndpoint", hint="copy it anew"
        )
    suffix = named.get("endpointsuffix")
    made = f"{named.get('defaultendpointsprotocol', 'https')}://{account}.blob.{suffix}" if suffix else None
    url = _account_url(location, account, endpoint or named.get("blobendpoint") or made)
    if key := named.get("accountkey"):
        if named.get("accountname") not in (None, account):
            raise SourceError(
                Fault.CREDENTIALS,
                f"{location.shown} is in account {account}, but {described} is for {named['accountname']}",
                hint="name the connection of that account, or correct the path",
            )
        register(key)
        return AzureCredential(described, account, url, account_key=key)
    if token := named.get("sharedaccesssignature"):
        sas = _sas(token)
        return AzureCredential(described, account, url, sas=sas, expires=_expiry(sas))
    return AzureCredential(f"{described} holds neither AccountKey nor SharedAccessSignature", account, url)


def _by_identity(location: Location, account: str | None, environ: Mapping[str, str]) -> AzureCredential:
    account = location.account or account
    url = _account_url(location, account)
    # Without any sign of an identity the chain only costs seconds, probing for one.
    if any(environ.get(sign) for sign in _IDENTITY_SIGNS) or _az_signed_in(environ):
        return AzureCredential("azure-identity's default chain", account, url, identity=True)
    return AzureCredential(LOOKED_FOR_AZURE, account, url)


def s3_credential(
    location: Location, connection: Connection | None, environ: Mapping[str, str] = os.environ
) -> S3Credential:
    """The first that is there of: the named connection, the AWS default chain, anonymous.

    Whether the chain has anything is known only when it is asked (`stores.s3` does).
    """
    # `https://BUCKET.s3.amazonaws.com/…` says AWS; `s3://BUCKET` leaves the endpoint open.
    public = location.endpoint is None and location.shown.startswith("http")
    endpoint, region = location.endpoint, location.region
    if connection is not None and not public:
        endpoint = endpoint or connection.endpoint_url
    if not public:
        endpoint = endpoint or environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    region = region or (connection.region if connection else None)
    region = region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if connection is None:
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            register(environ.get(name))
        by_keys = environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY")
        return S3Credential(
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" if by_keys else "the AWS default chain",
            endpoint,
            region,
            public,
            access_key_id=environ["AWS_ACCESS_KEY_ID"] if by_keys else None,
            secret_access_key=environ["AWS_SECRET_ACCESS_KEY"] if by_keys else None,
            session_token=environ.get("AWS_SESSION_TOKEN") if by_keys else None,
            chain=not by_keys,
        )
    described = f"connection {connection.name}"
    if connection.anonymous:
        return S3Credential(f"{described} is anonymous", endpoint, region, public, anonymous=True)
    if bool(connection.access_key_id) != bool(connection.secret_access_key):
        raise SourceError(
            Fault.CREDENTIALS,
            f"{described} has only one of access_key_id and secret_access_key",
            hint="set both, or none to use the AWS default chain",
        )
    register(connection.secret_access_key)
    register(connection.session_token)
    return S3Credential(
        described,
        endpoint,
        region,
        public,
        profile=connection.profile,
        access_key_id=connection.access_key_id,
        secret_access_key=connection.secret_access_key,
        session_token=connection.session_token,
        chain=connection.access_key_id is None,
    )


def _account_url(location: Location, account: str | None, endpoint: str | None = None) -> str | None:
    account = location.account or account
    url = location.endpoint or endpoint or (f"https://{account}.blob.core.windows.net" if account else None)
    return url.rstrip("/") if url else None


def _parse(text: str) -> dict[str, str]:
    """A connection string's parts by lower-case name, its secrets registered."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    named = {name.strip().lower(): value.strip() for name, _, value in pairs}
    register(named.get("accountkey"))
    return named


def _account_of(named: Mapping[str, str]) -> str | None:
    """The account that a connection string is for; of an endpoint alone, the first part of its host."""
    if name := named.get("accountname"):
        return name
    parts = urlsplit(named.get("blobendpoint", ""))
    host = parts.hostname or ""
    # An emulator, at an address or a host without a domain, has it in its path.
    in_path = "." not in host or host.replace(".", "").isdigit()
    return (parts.path.strip("/").partition("/")[0] if in_path else host.partition(".")[0]) or None


def _sas(token: str) -> str:
    """A SAS token's own parameters, as they are written; its signature registered."""
    parts = [part for part in token.strip().lstrip("?").split("&") if part]
    kept = [part for part in parts if unquote(part.partition("=")[0]).lower() not in _NOT_OF_A_SAS]
    for signature in parse_qs("&".join(kept)).get("sig", []):
        register(signature)
    register("&".join(kept))
    return "&".join(kept)


def _expiry(sas: str) -> datetime | None:
    """`se` of a SAS: ISO 8601 in UTC, or only a date."""
    for value in parse_qs(sas).get("se", []):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _az_signed_in(environ: Mapping[str, str]) -> bool:
    """Whether the `az` command line has been signed in on this machine."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    folder = environ.get("AZURE_CONFIG_DIR") or (f"{home}/.azure" if home else None)
    return folder is not None and (Path(folder) / "azureProfile.json").exists()
