"""Which addresses may be connected to, and which folders looked into, for a caller who is not the operator.

A name is judged by the addresses that it resolves to, at the moment of the connection: the one that
was judged is the one that is connected to, so neither a redirect nor a name that changes its address gets by.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies

from core.errors import Fault, SourceError

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What older versions of `ipaddress` call global (IANA's special-purpose registries), and Azure's wire
# server, whose number is a public one.
_INTERNAL: tuple[IPNetwork, ...] = (
    *map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")),
    *map(ipaddress.IPv6Network, ("64:ff9b:1::/48", "100::/64", "3fff::/20", "5f00::/16", "fec0::/10")),
)


class Refused(SourceError):
    """A place that is not open to who named it; `field` is the one of the source that names it."""

    def __init__(self, message: str, *, hint: str, field: str = "data_source_path") -> None:
        super().__init__(Fault.DENIED, message, hint=hint)
        self.field = field


class Guard:
    """Lets through public addresses, and the hosts that are `opened`: names, addresses, networks.

    Of this machine's files it lets through what lies below `roots`, links resolved.
    """

    def __init__(self, opened: Iterable[str] = (), roots: Iterable[str] = ()) -> None:
        self._roots = tuple(roots)
        self._names: set[str] = set()
        self._networks: list[IPNetwork] = []
        for entry in opened:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                self._names.add(entry.lower().rstrip("."))
        self._let_through: set[IPAddress] = set()

    def holds(self, path: str) -> bool:
        """Whether a local path is one of the roots or below one, wherever its links lead."""
        if not Path(path).is_absolute():
            return False
        real = os.path.realpath(path)
        return any(real == root or real.startswith(root.rstrip("/\\") + os.sep) for root in self._roots)

    def is_opened(self, host: str) -> bool:
        """Whether a host is opened by its name, or is an address of an opened network."""
        if host.lower().rstrip(".") in self._names:
            return True
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return False
        return self._in_network(address)

    def resolve(self, host: str, port: int | None) -> list[str]:
        """The addresses of a host, all of them let through. Blocks while the name is looked up.

        Raises:
            Refused: one of them is not.
            OSError: the name has none.
        """
        host = host.strip("[]")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (UnicodeError, OverflowError) as error:  # a label that no name can have, or such a port
            raise OSError(f"{host[:80]} is no host name") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        self.judge(host, addresses)
        return addresses

    def judge(self, host: str, addresses: Sequence[str]) -> None:
        """Let these addresses of a host through.

        Raises:
            Refused: the host is not opened, and one of them is not public.
        """
        parsed = [ipaddress.ip_address(address) for address in addresses]
        if host.lower().rstrip(".") in self._names:
            self._let_through.update(parsed)
        for address in parsed:
            if not self._allows(address):
                what = str(address) if host == str(address) else f"{host} ({address})"
                raise Refused(
                    f"{what} is {_kind(address)} and not open to callers",
                    hint="the operator opens a host with the setting api_hosts",
                )

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to the first address that answers. Raises as `resolve` does."""
        problem: OSError = OSError(f"{host} has no address")
        for address in self.resolve(host, port):
            try:
                return socket.create_connection((address, port), timeout)
            except OSError as error:
                problem = error
        raise problem

    def connector(self) -> dict[str, Any]:
        """What makes an aiohttp connector go by this guard. Call it in the event loop."""
        self._trust_proxies()
        return {"resolver": _resolver(self), "socket_factory": self._socket}

    def _socket(self, found: tuple[Any, ...]) -> socket.socket:
        """aiohttp's `socket_factory`: the last step before a connection, whatever led there."""
        family, kind, protocol, _, address = found
        self.judge(str(address[0]), [str(address[0])])
        return socket.socket(family=family, type=kind, proto=protocol)

    def _trust_proxies(self) -> None:
        """The environment's proxies are the operator's; what lies behind them, they judge."""
        for url in getproxies().values():
            if host := urlsplit(url if "://" in url else f"http://{url}").hostname:
                self._names.add(host)
                try:
                    self._let_through.add(ipaddress.ip_address(host))
                except ValueError:
                    continue

    def _allows(self, address: IPAddress) -> bool:
        return address in self._let_through or self._in_network(address) or is_public(address)

    def _in_network(self, address: IPAddress) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)


def is_public(address: IPAddress) -> bool:
    """Whether anyone on the internet could be at an address; one that holds another is judged by that too."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if any(held is not None and not is_public(held) for held in inner):
            return False
        if address.ipv4_mapped is not None:
            return True
    # `is_global` says yes to multicast, and to what is reserved for the future.
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address.version == network.version and address in network for network in _INTERNAL)


def _kind(address: IPAddress) -> str:
    if address.is_loopback or address.is_unspecified:
        return "a loopback address"
    return "a link-local address" if address.is_link_local else "a private address"


def _resolver(guard: Guard) -> Any:
    from aiohttp.abc import AbstractResolver
    from aiohttp.resolver import ThreadedResolver

    class Judged(AbstractResolver):
        """Looks names up as always, and gives back only what the guard lets through."""

        def __init__(self) -> None:
            self._inner = ThreadedResolver()

        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
            found = await self._inner.resolve(host, port, family)
            guard.judge(host, [entry["host"] for entry in found])
            return list(found)

        async def close(self) -> None:
            await self._inner.close()

    return Judged()
