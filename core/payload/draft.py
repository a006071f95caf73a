"""A payload that is being written: small changes, each of which can be taken back.

Both shapes are kept as they are until a second source needs the list. What the draft does not
know stays untouched.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Hashable
from copy import deepcopy
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.payload.check import check
from core.payload.decode import decode
from core.payload.hidden import restored, restored_path, secret_problems
from core.payload.models import Options, masked_payload
from core.payload.problems import Checked

_SOURCE_FIELDS = ("source_id", "data_source_path", "data_source_type", "connection")
_STEPS = 200


class Draft:
    """The payload as it stands, with what undo and redo need.

    Typing in one field is one step: changes in a row of the same field, or of the text, until `settle`.
    """

    def __init__(self, raw: dict[str, Any] | None = None) -> None:
        self._now: dict[str, Any] = deepcopy(raw) if raw else {"workflow_id": "", "sources": []}
        self._before: list[dict[str, Any]] = []
        self._after: list[dict[str, Any]] = []
        self._typing: Hashable = None

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
        """The entries of the sources; in the single-source shape the payload itself.

        Positions are the payload's: what stands in the list and is no object counts as an empty one.
        """
        return [entry if isinstance(entry, dict) else {} for entry in _entries(self._now)]

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
        """Every problem of the payload as it stands, and a warning for each secret in a path."""
        checked = check(deepcopy(self._now), defaults=defaults)
        entries = _entries(self._now)
        holder = _holder(self._now)
        places = [""] if holder is None else [f"{holder[0]}[{at}]" for at in range(len(entries))]
        return Checked(checked.job, (*checked.problems, *secret_problems(list(zip(places, entries, strict=False)))))

    def place_of(self, path: str) -> tuple[int | None, str]:
        """The source and the field that a problem's path means: `sources[1].options.retries` is (1, "retries")."""
        head, _, rest = path.removeprefix("job_metadata.").partition("]")
        if head.startswith("sources[") and head[8:].isdigit():
            return int(head[8:]), rest.lstrip(".").removeprefix("options.").partition("[")[0]
        field = path.removeprefix("options.").partition("[")[0]
        if not _is_single(self._now) or field == "workflow_id":
            return None, field
        return 0, "data_source_path" if field == "sources" else field

    def set_workflow(self, value: str) -> None:
        """Name the workflow, where the payload names it."""

        def change(raw: dict[str, Any]) -> None:
            metadata = raw.get("job_metadata")
            if not (isinstance(metadata, dict) and "workflow_id" in metadata):
                raw["workflow_id"] = value
            # An emptied name stays where it was, so that typing goes on there.
            elif metadata["workflow_id"] or "workflow_id" not in raw:
                metadata["workflow_id"] = value
            else:
                raw["workflow_id"] = value

        self._change(change, "workflow")

    def set_field(self, index: int, name: str, value: object, *, option: bool = False) -> None:
        """Set a field or option of a source; None takes it out. A path keeps the secrets that it shows hidden."""
        typing = ("field", index, name)
        if name == "data_source_path" and not option:
            before = _entries(self._base(typing))[index]
            old = before.get(name) if isinstance(before, dict) else None
            # Without a path the single-source shape would have no source any more.
            value = restored_path(value, old) if isinstance(value, str) and isinstance(old, str) else value or ""

        def change(raw: dict[str, Any]) -> None:
            entry = _object_at(_entries(raw), index)
            options = entry.get("options")
            if not option:
                holder = entry
            elif isinstance(options, dict):
                holder = options
            else:
                holder = entry["options"] = {}
            if value is None:
                holder.pop(name, None)
            else:
                holder[name] = value
            if option and not holder:
                del entry["options"]

        self._change(change, typing)

    def add(self) -> int:
        """Add a source with an id of its own; returns its position. A payload that is begun so has a name to change."""

        begun = self.is_empty

        def change(raw: dict[str, Any]) -> None:
            if begun:
                raw["workflow_id"] = "workflow_1"
            entries = _as_list(raw)
            entries.append({"source_id": _fresh(_ids(entries), "source"), "data_source_path": ""})

        self._change(change)
        return len(self.sources) - 1

    def duplicate(self, index: int) -> int:
        """Add a copy of a source below it; returns its position."""

        def change(raw: dict[str, Any]) -> None:
            entries = _as_list(raw)
            copy = deepcopy(_object_at(entries, index))
            copy["source_id"] = _fresh(_ids(entries), str(copy.get("source_id") or "source"))
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

    def replace(self, raw: dict[str, Any]) -> None:
        """Take another payload; undo brings this one back."""
        self._take(deepcopy(raw), None)

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
        base = self._base("text")
        self._take(restored(value, base, masked_payload(base)), "text")

    def settle(self) -> None:
        """The field or text was left: what is typed from here on is a step of its own."""
        self._typing = None

    def undo(self) -> bool:
        """Take the last change back; returns whether there was one."""
        return self._swap(self._before, self._after)

    def redo(self) -> bool:
        """Make the change again that was taken back last."""
        return self._swap(self._after, self._before)

    def save(self, path: Path) -> None:
        """Write the payload, secrets hidden, for its owner only.

        Raises:
            UsageError: it can't be written there; what was there before stays.
        """
        fresh: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Of a name of its own, since two apps may keep the same draft; its mode is 0600.
            handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
            fresh = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(self.text())
            fresh.replace(path)
        except OSError as error:
            if fresh is not None:
                fresh.unlink(missing_ok=True)
            raise UsageError(
                f"{path} cannot be written: {error.strerror}", hint="choose a place that you can write to"
            ) from error

    def _base(self, typing: Hashable) -> dict[str, Any]:
        """The payload before the step that a change of this kind belongs to."""
        return self._before[-1] if self._typing == typing and self._before else self._now

    def _change(self, work: Callable[[dict[str, Any]], object], typing: Hashable = None) -> None:
        changed = deepcopy(self._now)
        work(changed)
        self._take(changed, typing)

    def _take(self, changed: dict[str, Any], typing: Hashable) -> None:
        if changed != self._now:
            if typing is None or self._typing != typing or not self._before:
                self._before = [*self._before, self._now][-_STEPS:]
            self._now, self._after, self._typing = changed, [], typing

    def _swap(self, take: list[dict[str, Any]], give: list[dict[str, Any]]) -> bool:
        if not take:
            return False
        give.append(self._now)
        self._now = take.pop()
        self._typing = None
        return True


def kept_draft(path: Path) -> Draft | None:
    """The draft that `Draft.save` wrote, without history; None when there is none that can be read."""
    try:
        value = decode(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Draft(value) if isinstance(value, dict) else None


def _holder(raw: dict[str, Any]) -> tuple[str, list[Any]] | None:
    """The list of sources and its place, as `check` finds it; None in the single-source shape or without sources."""
    metadata = raw.get("job_metadata")
    inner = metadata.get("sources") if isinstance(metadata, dict) else None
    for place, found in (("sources", raw.get("sources")), ("job_metadata.sources", inner)):
        if found not in (None, []):
            return (place, found) if isinstance(found, list) else None
    return None


def _is_single(raw: dict[str, Any]) -> bool:
    metadata = raw.get("job_metadata")
    inner = metadata.get("sources") if isinstance(metadata, dict) else None
    return "data_source_path" in raw and raw.get("sources") in (None, []) and inner in (None, [])


def _entries(raw: dict[str, Any]) -> list[Any]:
    """The sources as they stand, in whichever place."""
    holder = _holder(raw)
    if holder is not None:
        return holder[1]
    return [raw] if _is_single(raw) else []


def _object_at(entries: list[Any], index: int) -> dict[str, Any]:
    """A source's own object; what is none is made one."""
    if not isinstance(entries[index], dict):
        entries[index] = {}
    found: dict[str, Any] = entries[index]
    return found


def _as_list(raw: dict[str, Any]) -> list[Any]:
    """The list of sources itself, made from the single-source shape where that is used."""
    holder = _holder(raw)
    if holder is not None:
        return holder[1]
    entries: list[Any] = []
    if _is_single(raw):
        entries.append({name: raw.pop(name) for name in _SOURCE_FIELDS if name in raw})
        entries[0].setdefault("source_id", "source_1")
    raw["sources"] = entries
    return entries


def _ids(entries: list[Any]) -> set[str]:
    return {str(entry.get("source_id")) for entry in entries if isinstance(entry, dict)}


def _fresh(taken: set[str], stem: str) -> str:
    stem = stem.rstrip("0123456789").rstrip("_") or "source"
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}_{number}") not in taken)
