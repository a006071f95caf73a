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
_ROWS_FIRST = re.compile(r'\s*\{\s*"numRecords"\s*:\s*(\d+)\s*[,}]')


class Live(NamedTuple):
    """A live file: bytes, rows (None: the log doesn't say), and how many of them are deleted."""

    size: int
    rows: int | None
    deleted: int


@dataclass(slots=True)
class State:
    """`files` are the live ones by path (below the root, or with a scheme) and vector."""

    metadata: dict[str, Any] | None = None
    protocol: dict[str, Any] = field(default_factory=dict)
    domains: dict[str, Any] = field(default_factory=dict)
    files: dict[tuple[str, str], Live] = field(default_factory=dict)

    def apply(self, action: Mapping[str, Any]) -> None:
        """Apply one line of a commit.

        Raises:
            KeyError, TypeError, ValueError: it is not as the protocol says.
        """
        if (add := action.get("add")) is not None:
            vector = add.get("deletionVector")
            self.add(add["path"], vector, add.get("size"), rows_of(add.get("stats")))
        elif (remove := action.get("remove")) is not None:
            self.files.pop((unquote(remove["path"]), _identity(remove.get("deletionVector"))), None)
        elif (metadata := action.get("metaData")) is not None:
            self.metadata = metadata
        elif (protocol := action.get("protocol")) is not None:
            self.protocol = protocol
        elif (domain := action.get("domainMetadata")) is not None:
            self.domains[domain["domain"]] = None if domain.get("removed") else domain.get("configuration")

    def add(self, path: str, vector: Mapping[str, Any] | None, size: int | None, rows: int | None) -> None:
        """A file came in. `path` is URL-encoded, as the log has it."""
        deleted = int(vector["cardinality"]) if vector else 0
        self.files[unquote(path), _identity(vector)] = Live(int(size or 0), rows, deleted)


def rows_of(stats: str | None) -> int | None:
    """`numRecords` of a file's statistics, which are JSON text; None when they don't tell."""
    if not stats:
        return None
    if match := _ROWS_FIRST.match(stats):
        return int(match[1])
    try:
        found = json.loads(stats).get("numRecords")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, int) and found >= 0 else None


def _identity(vector: Mapping[str, Any] | None) -> str:
    """What tells deletion vectors apart (Delta protocol, "Derived Fields")."""
    if not vector:
        return ""
    offset = vector.get("offset")
    bare = f"{vector['storageType']}{vector['pathOrInlineDv']}"
    return bare if offset is None else f"{bare}@{offset}"
