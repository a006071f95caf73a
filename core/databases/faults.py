"""What a database driver's error means: in our words, with what to do, and whether it passes."""

from __future__ import annotations

import re

from core.errors import Fault, SourceError, first_line
from core.secrets import mask

# SQLSTATE classes and codes (SQL standard; PostgreSQL documentation, appendix A).
_STATES = (
    (("28",), Fault.CREDENTIALS, False),
    (("3D", "42704"), Fault.NOT_FOUND, False),
    (("42501",), Fault.DENIED, False),
    (("57014",), Fault.TIMEOUT, False),
    (("08", "53", "57P", "40", "55P03"), Fault.UNAVAILABLE, True),
)
# Error numbers of MySQL and MariaDB, and from 2000 on those of their clients.
_NUMBERS: dict[int, tuple[Fault, bool]] = {
    **dict.fromkeys((1045, 1698, 1862), (Fault.CREDENTIALS, False)),
    **dict.fromkeys((1044, 1142, 1143, 1227, 3159), (Fault.DENIED, False)),
    1049: (Fault.NOT_FOUND, False),
    **dict.fromkeys((1969, 3024), (Fault.TIMEOUT, False)),
    **dict.fromkeys((1040, 1053, 1203, 1205, 1213, 2002, 2003, 2006, 2013, 4031), (Fault.UNAVAILABLE, True)),
}
# Drivers that could not connect tell why in words only.
_TEXTS: tuple[tuple[tuple[str, ...], Fault, bool], ...] = (
    (
        ("password authentication failed", "access denied for user", "no password supplied", "role .* does not exist"),
        Fault.CREDENTIALS,
        False,
    ),
    (
        (
            r"no pg_hba\.conf entry",
            r"pg_hba\.conf rejects",
            "certificate verify failed",
            "require_secure_transport",
            "does not support ssl",
            "ssl .*required",
        ),
        Fault.DENIED,
        False,
    ),
    (("database .* does not exist", "unknown database"), Fault.NOT_FOUND, False),
    (
        (
            "name or service not known",
            "could not translate host",
            "failed to resolve",
            "nodename nor servname",
            "getaddrinfo",
            "no address associated",
        ),
        Fault.NOT_FOUND,
        False,
    ),
    (("timed? ?out", "timeout expired"), Fault.TIMEOUT, True),
    (
        (
            "refused",
            "reset by peer",
            "server closed the connection",
            "lost connection",
            "connection .*closed",
            "broken pipe",
            "network is unreachable",
            "starting up",
            "shutting down",
        ),
        Fault.UNAVAILABLE,
        True,
    ),
)
_HINTS = {
    Fault.CREDENTIALS: "check user and password, in the URL or in the connection that the source names",
    Fault.DENIED: "grant the login read access, or leave that part out with `exclude`",
    Fault.TIMEOUT: "give the source more time with `timeout_s`, or choose less with `include`",
    Fault.UNAVAILABLE: "is the server running, and can this machine reach it?",
}
_UNTRUSTED = re.compile(r"certificate.*verif|verif.*certificate|self.signed", re.IGNORECASE)
_TLS = re.compile(r"pg_hba|secure_transport|ssl|tls|encrypt", re.IGNORECASE)


def source_error(error: BaseException, shown: str, *, connecting: bool) -> SourceError:
    """The error of a source at `shown` (a URL without secrets), made of a driver's or SQLAlchemy's."""
    cause: BaseException = getattr(error, "orig", None) or error
    fault, transient = _meaning(cause)
    what = "cannot be reached" if connecting else "failed while its catalog was read"
    reason = mask(_words(cause)).rstrip(".")
    return SourceError(fault, f"{shown} {what}: {reason}", hint=_hint(fault, reason, connecting), transient=transient)


def _words(cause: BaseException) -> str:
    """What a driver says; some give a number before it."""
    numbered = len(cause.args) == 2 and isinstance(cause.args[0], int) and isinstance(cause.args[1], str)
    return first_line(ValueError(cause.args[1])) if numbered else first_line(cause)


def _meaning(cause: BaseException) -> tuple[Fault, bool]:
    state = str(getattr(cause, "sqlstate", None) or "")
    for beginnings, fault, transient in _STATES:
        if state and state.startswith(beginnings):
            return fault, transient
    number = cause.args[0] if cause.args and isinstance(cause.args[0], int) else None
    text = str(cause)
    # A client's own number says only that there was no connection; its words say why.
    if number is not None and number in _NUMBERS and number not in (2002, 2003):
        return _NUMBERS[number]
    for patterns, fault, transient in _TEXTS:
        if any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns):
            return fault, transient
    return _NUMBERS.get(number or 0, (Fault.UNSUPPORTED, False))


def _hint(fault: Fault, reason: str, connecting: bool) -> str:
    if _UNTRUSTED.search(reason):
        return "?ssl_ca=FILE (MySQL) or ?sslrootcert=FILE (PostgreSQL) names the PEM file of your own authority"
    if fault in (Fault.DENIED, Fault.CREDENTIALS) and _TLS.search(reason):
        return "the server wants an encrypted connection: add ?sslmode=require (PostgreSQL) or ?ssl=true (MySQL)"
    if fault is Fault.NOT_FOUND and connecting:
        return "check host and database in the URL"
    return _HINTS.get(fault, "")
