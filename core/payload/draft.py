"""A payload that is being written: small changes, each of which can be taken back.

Both shapes are kept as they are until a second source needs the list. What the draft does not
know stays untouched.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from core.payload.check import check
from core.payload.decode import decode
from core.payload.models import Options, masked_payload
from core.payload.problems import Checked

_SOURCE_FIELDS = ("source_id", "data_source_path", "data_source_type", "connection")
_STEPS = 200


class Draft:
    """The payload as it stands, with what undo and redo need."""

    def __init__(self, raw: dict[str, Any] | None = None) -> None:
        self._now: dict[str, Any] = deepcopy(raw) if raw else {"workflow_id": "", "sources": []}
        self._before: list[dict[str, Any]] = []
        self._after: list[dict[str, Any]] = []

    @property
    def raw(self) -> dict[str, Any]:
        """The payload; change it only through the draft."""
        return self._now

    @property
    def shown(self) -> dict[str, Any]:
        """The payload with its secrets hidden: what may be shown and kept on disk."""
        return masked_payload(self._now)

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The entries of the sources; in the single-source shape the payload itself."""
        return _list(self._now)

    @property
    def workflow_id(self) -> str:
        metadata = self._now.get("job_metadata")
        inner = metadata.get("workflow_id") if isinstance(metadata, dict) else None
        return str(inner or self._now.get("workflow_id") or "")

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been written yet."""
        return not self.workflow_id and not self.sources

    def check(self, defaults: Options | None = None) -> Checked:
        """Every problem of the payload as it stands."""
        return check(deepcopy(self._now), defaults=defaults)

    def place_of(self, path: str) -> tuple[int | None, str]:
        """The source and the field that a problem's path means: `sources[1].options.retries` is (1, "retries")."""
        head, _, rest = path.removeprefix("job_metadata.").partition("]")
        if head.startswith("sources[") and head[8:].isdigit():
            return int(head[8:]), rest.lstrip(".").removeprefix("options.").partition("[")[0]
        field = path.removeprefix("options.").partition("[")[0]
        single = bool(self.sources) and self.sources[0] is self._now and field != "workflow_id"
        return (0 if single else None), field

    def set_workflow(self, value: str) -> None:
        """Name the workflow, where the payload names it."""

        def change(raw: dict[str, Any]) -> None:
            metadata = raw.get("job_metadata")
            inner = isinstance(metadata, dict) and metadata.get("workflow_id")
            (metadata if inner and isinstance(metadata, dict) else raw)["workflow_id"] = value

        self._change(change)

    def set_field(self, index: int, name: str, value: object, *, option: bool = False) -> None:
        """Set a field or option of a source; None takes it out."""

        def change(raw: dict[str, Any]) -> None:
            entry = _list(raw)[index]
            if option:
                given = entry.get("options")
                entry = entry.setdefault("options", {}) if not isinstance(given, dict) else given
            if value is None:
                entry.pop(name, None)
            else:
                entry[name] = value
            for holder in _list(raw):
                if holder.get("options") == {}:
                    del holder["options"]

        self._change(change)

    def add(self) -> int:
        """Add a source with an id of its own; returns its position."""

        def change(raw: dict[str, Any]) -> None:
            entries = _as_list(raw)
            name = _fresh({e.get("source_id") for e in entries}, "source")
            entries.append({"source_id": name, "data_source_path": ""})

        self._change(change)
        return len(self.sources) - 1

    def duplicate(self, index: int) -> int:
        """Add a copy of a source below it; returns its position."""

        def change(raw: dict[str, Any]) -> None:
            entries = _as_list(raw)
            copy = deepcopy(entries[index])
            copy["source_id"] = _fresh({e.get("source_id") for e in entries}, str(copy.get("source_id") or "source"))
            entries.insert(index + 1, copy)

        self._change(change)
        return index + 1

    def remove(self, index: int) -> None:
        """Take a source out."""
        self._change(lambda raw: _as_list(raw).pop(index))

    def move(self, index: int, by: int) -> int:
        """Move a source up (-1) or down (1); returns its new position."""
        to = max(0, min(len(self.sources) - 1, index + by))
        if to != index:

            def change(raw: dict[str, Any]) -> None:
                entries = _as_list(raw)
                entries.insert(to, entries.pop(index))

            self._change(change)
        return to

    def text(self) -> str:
        """The payload as JSON, its secrets hidden."""
        return json.dumps(self.shown, indent=2, ensure_ascii=False) + "\n"

    def take_text(self, text: str) -> None:
        """Take a JSON text as the payload. Secrets that the text shows hidden stay as they were.

        Raises:
            NotJson: it is no JSON; the draft is unchanged.
            ValueError: it is no object; the draft is unchanged.
        """
        value = decode(text)
        if not isinstance(value, dict):
            raise ValueError("a payload is one JSON object: { … }")
        restored = _restored(value, self._now, self.shown)
        if restored != self._now:
            self._push()
            self._now = restored

    def undo(self) -> bool:
        """Take the last change back; returns whether there was one."""
        return self._swap(self._before, self._after)

    def redo(self) -> bool:
        """Make the change again that was taken back last."""
        return self._swap(self._after, self._before)

    def save(self, path: Path) -> None:
        """Write the payload, secrets hidden, for its owner only."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(path.name + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(self.text(), encoding="utf-8")
        fresh.replace(path)

    def _change(self, work: Callable[[dict[str, Any]], object]) -> None:
        changed = deepcopy(self._now)
        work(changed)
        if changed != self._now:
            self._push()
            self._now = changed

    def _push(self) -> None:
        self._before = [*self._before, self._now][-_STEPS:]
        self._after = []

    def _swap(self, take: list[dict[str, Any]], give: list[dict[str, Any]]) -> bool:
        if not take:
            return False
        give.append(self._now)
        self._now = take.pop()
        return True


def _list(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The sources as they stand, in whichever place."""
    metadata = raw.get("job_metadata")
    for holder in (raw, metadata if isinstance(metadata, dict) else {}):
        found = holder.get("sources")
        if isinstance(found, list) and found:
            return [entry for entry in found if isinstance(entry, dict)]
    return [raw] if raw.get("data_source_path") else []


def _as_list(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The list of sources itself, made from the single-source shape where that is used."""
    metadata = raw.get("job_metadata")
    for holder in (raw, metadata if isinstance(metadata, dict) else {}):
        found: Any = holder.get("sources")
        if isinstance(found, list) and found:
            return found
    entries: list[dict[str, Any]] = []
    if raw.get("data_source_path"):
        entries.append({name: raw.pop(name) for name in _SOURCE_FIELDS if name in raw})
        entries[0].setdefault("source_id", "source_1")
    raw["sources"] = entries
    return entries


def _fresh(taken: set[Any], stem: str) -> str:
    stem = stem.rstrip("0123456789").rstrip("_") or "source"
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}_{number}") not in taken)


def _restored(new: Any, old: Any, hidden: Any) -> Any:
    """`new` with what it repeats of `hidden` as it is in `old`; sources are known by their id."""
    if new == hidden:
        return deepcopy(old)
    if isinstance(new, dict) and isinstance(old, dict) and isinstance(hidden, dict):
        return {
            name: _restored(value, old[name], hidden[name]) if name in old and name in hidden else value
            for name, value in new.items()
        }
    if isinstance(new, list) and isinstance(old, list) and isinstance(hidden, list):
        pairs = list(zip(old, hidden, strict=False))
        found = []
        for at, value in enumerate(new):
            pair = _same_source(value, pairs) or (pairs[at] if at < len(pairs) else None)
            found.append(value if pair is None else _restored(value, *pair))
        return found
    return new


def _same_source(value: Any, pairs: list[tuple[Any, Any]]) -> tuple[Any, Any] | None:
    name = value.get("source_id") if isinstance(value, dict) else None
    return next((p for p in pairs if isinstance(p[0], dict) and name and p[0].get("source_id") == name), None)
