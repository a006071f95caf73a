"""The ways to write a place in Azure Blob Storage or Data Lake Storage Gen2."""

from __future__ import annotations

import re

from core.secrets import mask_url, register_tree
from core.sources.place import Kind, Location, unplaced
from core.sources.web_urls import WebUrl, decoded

SCHEMES = frozenset({"abfs", "abfss", "wasb", "wasbs", "az"})
EMULATOR_ACCOUNT = "devstoreaccount1"

_PUBLIC = "core.windows.net"
# Account hosts of the clouds, zonal DNS names and private links: https://learn.microsoft.com/azure/storage/common/
_HOST = re.compile(
    r"(?P<account>[a-z0-9-]+)(?:\.z\d+)?(?:\.privatelink)?\.(?:blob|dfs)\.(?P<cloud>core\.windows\.net"
    r"|core\.chinacloudapi\.cn|core\.usgovcloudapi\.net|core\.cloudapi\.de|storage\.azure\.net|fabric\.microsoft\.com)"
)
# An account as a sub-domain of any other host, as emulators and Azure Stack write it.
_OTHER_HOST = re.compile(r"(?P<account>[a-z0-9-]+)\.(?:blob|dfs)\..+")
# Emulators have the account as the first segment: an address, a port, or a host without a domain.
_PATH_STYLE = re.compile(r"https?://(?:[^/]*:\d+|[\d.]+|\[[^/]*\]|[^./]+)")
# What the portal and the REST API add to a container's URL; it says nothing about where.
_REST_QUERY = re.compile(r"(?:restype|comp|timeout|prefix|delimiter)=[^&]*(?:&(?:restype|comp|timeout)=[^&]*)*")


def is_azure_host(host: str) -> bool:
    """Whether a lower-case host name is that of a storage account."""
    return _HOST.fullmatch(host) is not None


def is_emulator(url: WebUrl) -> bool:
    """Whether a URL is an emulator's: its well-known account is a path segment or a sub-domain."""
    return url.path.partition("/")[0] == EMULATOR_ACCOUNT or url.host.startswith(f"{EMULATOR_ACCOUNT}.")


def from_web(url: WebUrl) -> Location:
    """A place by its `https://` URL, on any host. The key is URL-decoded once; a SAS is taken out."""
    path, sas = url.path, url.signature("sig", "sv")
    if sas is None and url.query and not _REST_QUERY.fullmatch(url.query):
        # Nothing else can follow a `?` here, so it was left unencoded in a key.
        path += "?" + url.query
    known = _HOST.fullmatch(url.host)
    other = _OTHER_HOST.fullmatch(url.host)
    if known:
        account, endpoint = known["account"], _endpoint(url.host, known["cloud"])
    elif other:
        account, endpoint = other["account"], url.service.replace(".dfs.", ".blob.", 1)
    elif _PATH_STYLE.fullmatch(url.service):
        account, _, path = path.partition("/")
        endpoint = f"{url.service}/{account}"
    else:
        # A domain of one's own: it stands for the account, which the credentials must name.
        account, endpoint = "", url.service
    container, _, key = path.partition("/")
    if not container:
        raise unplaced(
            f"{url.shown} names no container",
            "write https://ACCOUNT.blob.core.windows.net/CONTAINER, or add /CONTAINER",
        )
    if sas:
        register_tree({"sas": sas})
    return Location(
        Kind.AZURE,
        "abfs",
        decoded(container, url.shown),
        decoded(key, url.shown),
        url.shown,
        account=decoded(account, url.shown) or None,
        endpoint=endpoint,
        secrets={"sas": sas} if sas else {},
    )


def from_scheme(path: str, scheme: str, rest: str) -> Location:
    """A place by its `abfs://`, `wasb://` or `az://` URL, whose key is taken as it is.

    The account may be missing; it then comes from the connection or the environment.
    """
    authority, _, key = rest.partition("/")
    container, at, host = authority.rpartition("@")
    if not at and _HOST.fullmatch(authority.lower()):
        # az://ACCOUNT.blob.core.windows.net/CONTAINER/…
        host, (container, _, key) = authority, key.partition("/")
    elif not at:
        container, host = authority, ""
    if not container:
        raise unplaced(f"{mask_url(path)} names no container", f"write {scheme}://CONTAINER@ACCOUNT.dfs.{_PUBLIC}/…")
    host = host.lower()
    known = _HOST.fullmatch(host)
    endpoint = None
    if known:
        endpoint = _endpoint(host, known["cloud"])
    elif "." in host:
        endpoint = f"https://{host.replace('.dfs.', '.blob.', 1)}"
    return Location(
        Kind.AZURE, "abfs", container, key, mask_url(path), account=host.partition(".")[0] or None, endpoint=endpoint
    )


def _endpoint(host: str, cloud: str) -> str | None:
    """The Blob endpoint, which serves Gen2 accounts too; None for the public cloud's plain host."""
    plain = cloud == _PUBLIC and host.count(".") == 4
    return None if plain else f"https://{host.replace('.dfs.', '.blob.', 1)}"
