"""Secrets of a payload that is being written: put back where their hidden form stands, and warned about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from typing import Any

from core.payload.decode import child
from core.payload.problems import Problem
from core.secret_register import HIDDEN
from core.secrets import mask_url, secrets_of_url

_HOST = re.compile(r"[A-Za-z][\w+.:-]*://(?:[^/?#]*@)?([^/?#@]+)")


def restored_path(new: str, old: str) -> str:
    """A changed path with the secrets of the old one where it still shows them hidden.

    A secret goes to no other host than it was written for.
    """
    hidden = mask_url(old)
    if new == hidden:
        return old
    secrets = list(secrets_of_url(old))
    parts = new.split(HIDDEN)
    if not secrets or len(parts) != len(secrets) + 1 or hidden.count(HIDDEN) != len(secrets):
        return new
    host = _HOST.match(hidden)
    if host is None or (same := _HOST.match(new)) is None or same[1] != host[1]:
        return new
    return parts[0] + "".join(secret + part for secret, part in zip(secrets, parts[1:], strict=True))


def restored(new: Any, old: Any, hidden: Any) -> Any:
    """`new` with what it repeats of `hidden` as it is in `old`; sources are known by their id."""
    if new == hidden:
        return deepcopy(old)
    if isinstance(new, dict) and isinstance(old, dict) and isinstance(hidden, dict):
        found = copy(new)  # Which names stood twice stays known.
        for name, value in new.items():
            if name in old and name in hidden:
                found[name] = restored(value, old[name], hidden[name])
        return found
    if isinstance(new, list) and isinstance(old, list) and isinstance(hidden, list):
        pairs = list(zip(old, hidden, strict=False))
        return [_restored_item(value, at, pairs) for at, value in enumerate(new)]
    if isinstance(new, str) and isinstance(old, str):
        return restored_path(new, old)
    return new


def secret_problems(entries: Sequence[tuple[str, Any]]) -> Iterator[Problem]:
    """Warnings for sources, each with its place, whose path carries a secret or has lost one."""
    for place, entry in entries:
        path = entry.get("data_source_path") if isinstance(entry, dict) else None
        if not isinstance(path, str):
            continue
        where = child(place, "data_source_path")
        if mask_url(path) != path:
            text = "the path carries a secret: it is kept for this session only and saved nowhere"
            yield Problem(where, text, "name a connection instead: its secrets stay in config.toml", "warning")
        elif HIDDEN in path:
            text = f"the path's secret was not kept ({HIDDEN} stands in its place)"
            yield Problem(where, text, "write it again, or name a connection", "warning")


def _restored_item(value: Any, at: int, pairs: list[tuple[Any, Any]]) -> Any:
    name = value.get("source_id") if isinstance(value, dict) else None
    same = next((p for p in pairs if isinstance(p[0], dict) and name and p[0].get("source_id") == name), None)
    pair = same or (pairs[at] if at < len(pairs) else None)
    return value if pair is None else restored(value, *pair)
