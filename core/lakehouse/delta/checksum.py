"""A version's checksum (`N.crc`): what its writer counted, against what the log gives.

See "Version Checksum File" in the Delta protocol. It is written after its commit, at best effort: there may be
none, and it may lack fields.
"""

from __future__ import annotations

import json

from core.lakehouse.delta.state import State

LARGEST = 1 << 20
"""Bytes; a checksum may list all files once more, which is not worth its reading."""


def disagreement(content: bytes, state: State) -> str | None:
    """How a checksum differs from the state that the log gives; None when it doesn't, or cannot be read."""
    try:
        told = json.loads(content)
        files, size = told["numFiles"], told["tableSizeBytes"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    found = sum(file.size for file in state.files.values())
    if (files, size) == (len(state.files), found):
        return None
    return (
        f"its log gives {len(state.files)} files of {found} bytes, but its checksum says {files} of {size}:"
        " one of them is damaged"
    )
