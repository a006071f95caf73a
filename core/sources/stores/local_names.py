"""File names that are no text as keys, and back.

POSIX file names are bytes. One that is not UTF-8 has each such byte as U+FFFD and two hex
digits in its key (`caf\ufffdE9.csv`), and so has U+FFFD itself, so that no two names meet.
"""

from __future__ import annotations

import os
import re

_MARK = "\ufffd"
_ESCAPED = re.compile(f"{_MARK}([0-9A-F]{{2}})")
_TO_ESCAPE = re.compile(f"[\udc80-\udcff{_MARK}]")


def key_of(path: str) -> str:
    """The key of a relative path as `os` gives it (undecodable bytes as lone surrogates)."""
    if os.sep != "/":
        path = path.replace(os.sep, "/")
    if path.isascii():
        return path
    return _TO_ESCAPE.sub(_escape, path)


def path_of(key: str) -> str:
    """The relative path of a key; the inverse of `key_of`."""
    if _MARK not in key:
        return key
    return _bytes_of(key).decode("utf-8", "surrogateescape")


def _escape(match: re.Match[str]) -> str:
    return "".join(f"{_MARK}{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def _bytes_of(key: str) -> bytes:
    parts = _ESCAPED.split(key)
    # Odd parts are the hex digits between plain text.
    return b"".join(bytes.fromhex(p) if i % 2 else p.encode("utf-8", "surrogateescape") for i, p in enumerate(parts))
