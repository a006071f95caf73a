"""The rules for what a caller of the HTTP API may name, as the settings have them and as they are stored with a job."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.settings import Settings


@dataclass(frozen=True, slots=True)
class CallerRules:
    """What callers may name: local folders, hosts that are not public, connections of the config."""

    roots: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> CallerRules:
        """The rules as the settings have them."""
        roots = tuple(os.path.realpath(root) for root in settings.api_roots)
        return cls(roots, settings.api_hosts, settings.api_connections)

    @classmethod
    def from_text(cls, text: str) -> CallerRules:
        """The rules as `text` gave them."""
        return cls(**{name: tuple(values) for name, values in json.loads(text).items()})

    def text(self) -> str:
        """The rules as they are stored with a job."""
        return json.dumps(asdict(self))
