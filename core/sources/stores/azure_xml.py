"""The XML of Azure's List Blobs and of its errors.

https://learn.microsoft.com/rest/api/storageservices/list-blobs
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote
from xml.etree import ElementTree

from core.sources.stores.paging import Page


def page_of(data: bytes) -> Page:
    """One page of a flat listing.

    Raises:
        ValueError: it is no listing.
    """
    try:
        tree = ElementTree.fromstring(data.lstrip(b"\xef\xbb\xbf"))  # noqa: S314 - expat expands no outside entities
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    if tree.tag != "EnumerationResults":
        raise ValueError(f"<{tree.tag}> is no listing")
    keys: list[str] = []
    sizes: list[int] = []
    etags: list[str | None] = []
    modified: list[int | None] = []
    for blob in tree.iterfind("Blobs/Blob"):
        name, properties = blob.find("Name"), blob.find("Properties")
        if name is None or properties is None:
            raise ValueError("a blob without name or properties")
        text = name.text or ""
        # Names with characters that XML cannot hold come percent-encoded, and say so.
        keys.append(unquote(text) if name.get("Encoded") == "true" else text)
        sizes.append(int(properties.findtext("Content-Length") or 0))
        etags.append(properties.findtext("Etag"))
        when = properties.findtext("Last-Modified")
        modified.append(_micros(when) if when else None)
    return Page(keys, sizes, etags, modified, tree.findtext("NextMarker") or None)


def error_of(data: bytes) -> tuple[str | None, str]:
    """The code and the text of an error's body; None and nothing when it has none."""
    try:
        tree = ElementTree.fromstring(data.lstrip(b"\xef\xbb\xbf"))  # noqa: S314
    except ElementTree.ParseError:
        return None, ""
    texts = (tree.findtext("Message"), tree.findtext("AuthenticationErrorDetail"))
    return tree.findtext("Code"), " ".join(text.strip() for text in texts if text)


@lru_cache(maxsize=4096)
def _micros(text: str) -> int:
    """An HTTP date in µs since 1970; blobs written together share theirs."""
    return int(parsedate_to_datetime(text).timestamp()) * 1_000_000
