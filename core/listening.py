"""Where a server may listen, and with what token: the same for the API and for the app in a browser."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping

from core.errors import UsageError
from core.secrets import register

VARIABLE = "NUVYN_API_TOKEN"
_SHORTEST = 16
_HINT = "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def token_of(environ: Mapping[str, str]) -> str | None:
    """The token that callers must give; None when the variable is not set.

    Raises:
        UsageError: it is too short to keep anyone out, or no header can carry it.
    """
    token = environ.get(VARIABLE, "").strip()
    if not token:
        return None
    register(token)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"{VARIABLE} holds characters that no header can carry", hint=_HINT)
    if len(token) < _SHORTEST:
        raise UsageError(f"{VARIABLE} is shorter than {_SHORTEST} characters", hint=_HINT)
    return token


def listen(host: str, port: int, token: str | None) -> socket.socket:
    """A listening socket. Without a token only on this machine's own addresses.

    Raises:
        UsageError: the address is another machine's business, taken, or no address of this one.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as error:
        raise UsageError(f"{host}:{port} is no address: {error}", hint="--host 127.0.0.1 is this machine") from None
    family, kind, protocol, _, address = found[0]
    if token is None and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise UsageError(
            f"{host or '*'} can be reached by other machines, and there is no token to keep them out",
            hint=f"set {VARIABLE}, or listen on 127.0.0.1",
        )
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot listen on {host}:{port}: {reason}", hint="--port takes another one") from None
    return listening


def address_of(listening: socket.socket) -> str:
    """Where a socket listens, as a URL that this machine can call."""
    host, port = listening.getsockname()[:2]
    if ipaddress.ip_address(host.partition("%")[0]).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
