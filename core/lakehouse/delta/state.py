"""A Delta table's state: what remains when all actions of its log were applied in order.

A file is told apart by its path and its deletion vector together (Delta protocol, "Action
Reconciliation"), so that an old vector may go and a new one come in either order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote

# What every writer begins its statistics with; anything else is parsed as a whole.
_ROWS_FIRST = re.compile(r'\s*\{\s*"numRecords"\s*:\s*(\d{1,18})\s*[,}]')
# Sums of a table must fit 64 bits too; nothing real comes near.
_TOO_MUCH = 1 << 53


# What a log says besides (Delta protocol, "Actions"); null where a writer names all of an action's kinds.
_OF_NO_EFFECT = frozenset(
    {"add", "remove", "metaData", "protocol", "domainMetadata"}
    | {"commitInfo", "txn", "cdc", "sidecar", "checkpointMetadata"}
)


class Live(NamedTuple):
    """A live file: its path as written, bytes, rows (None: the log doesn't say), and how many of them are deleted."""

    path: str
    size: int
    rows: int | None
    deleted: int


@dataclass(slots=True)
class State:
    """`files` are the live ones by decoded path and vector.

    `astray` counts removals of what was not live, `unknown` are kinds of action that the protocol does not have.
    """

    metadata: dict[str, Any] | None = None
    protocol: dict[str, Any] = field(default_factory=dict)
    domains: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Live] = field(default_factory=dict)
    astray: int = 0
    unknown: set[str] = field(default_factory=set)

    def apply(self, action: Mapping[str, Any]) -> None:
        """Apply one line of a commit.

        Raises:
            KeyError, TypeError, AttributeError, ValueError, OverflowError: it is not as the protocol says.
        """
        if (add := action.get("add")) is not None:
            vector = add.get("deletionVector")
            self.add(add["path"], vector, add.get("size"), rows_of(add.get("stats")))
        elif (remove := action.get("remove")) is not None:
            gone = self.files.pop(_identity(remove["path"], remove.get("deletionVector")), None)
            self.astray += gone is None
        elif (metadata := action.get("metaData")) is not None:
            self.metadata = metadata
        elif (protocol := action.get("protocol")) is not None:
            self.protocol = protocol
        elif (domain := action.get("domainMetadata")) is not None:
            self.domains[domain["domain"]] = None if domain.get("removed") else domain.get("configuration")
        elif not _OF_NO_EFFECT.issuperset(action):
            self.unknown.update(action.keys() - _OF_NO_EFFECT)

    def add(self, path: str, vector: Mapping[str, Any] | None, size: int | None, rows: int | None) -> None:
        """A file came in. `path` is URL-encoded, as the log has it."""
        vector = vector if vector and vector.get("storageType") is not None else None
        deleted = int(vector["cardinality"]) if vector else 0
        bytes_ = int(size or 0)
        if not (0 <= bytes_ < _TOO_MUCH and 0 <= deleted < _TOO_MUCH):
            raise ValueError("no file has so many bytes or rows")
        self.files[_identity(path, vector)] = Live(path, bytes_, rows, deleted)


def rows_of(stats: str | None) -> int | None:
    """`numRecords` of a file's statistics, which are JSON text; None when they don't tell."""
    if not stats:
        return None
    if match := _ROWS_FIRST.match(stats):
        found = int(match[1])
        return found if found < _TOO_MUCH else None
    try:
        found = json.loads(stats).get("numRecords")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, int) and 0 <= found < _TOO_MUCH else None


def _identity(path: str, vector: Mapping[str, Any] | None) -> str:
    """What tells logical files apart (Delta protocol, "Derived Fields"): a decoded path, and a vector's unique id."""
    path = unquote(path)
    if not vector or vector.get("storageType") is None:
        return path
    offset = vector.get("offset")
    # No path holds a NUL.
    bare = f"{path}\0{vector['storageType']}{vector['pathOrInlineDv']}"
    return bare if offset is None else f"{bare}@{offset}"
