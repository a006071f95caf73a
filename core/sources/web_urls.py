"""An `http(s)://` URL taken apart without losing what a key may hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from core.secrets import mask_url
from core.sources.place import unplaced


@dataclass(frozen=True, slots=True)
class WebUrl:
    """The parts of a URL.

    Attributes:
        service: scheme, host and port, without user and password.
        host: in lower case, without port.
        path: what stands after the host's `/`, still encoded.
        query: what stands after the `?` (the last one, when it starts a signature).
        shown: the URL for people.
    """

    service: str
    host: str
    path: str
    query: str = field(repr=False)
    shown: str

    def signature(self, *names: str) -> str | None:
        """The query when it has a parameter of one of these names, that is, when it is a signed URL's."""
        given = {part.partition("=")[0].lower() for part in self.query.split("&")}
        return self.query if given.intersection(names) else None


def take_apart(url: str, scheme: str, rest: str) -> WebUrl:
    """The parts of `scheme://rest`. A `#` is left in the path: no store's URL has a fragment.

    Raises:
        SourceError: it has no host.
    """
    before, _, query = rest.partition("?")
    if "?" in query and any(sign in query.rpartition("?")[2].lower() for sign in ("sig=", "x-amz-signature=")):
        before, _, query = rest.rpartition("?")
    authority, _, path = before.partition("/")
    authority = authority.rpartition("@")[2]
    host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
    try:
        good = bool(host) and urlsplit(f"{scheme}://{authority}").port != 0
    except ValueError:  # half a bracket, or a port that is none
        good = False
    if not good:
        raise unplaced(f"{mask_url(url)} names no host", f"write {scheme}://HOST/PATH")
    return WebUrl(f"{scheme}://{authority.lower()}", host.lower().rstrip("."), path, query, mask_url(url))


def decoded(part: str, shown: str) -> str:
    """A part of a URL decoded once.

    Raises:
        SourceError: the bytes are not UTF-8, which no key is.
    """
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise unplaced(f"{shown} is not UTF-8 when decoded", "encode the key as UTF-8, then as a URL") from None
