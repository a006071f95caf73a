"""Where in a JSON text a value stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from core.payload.decode import child

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]|[^\s,:\[\]{}"]+', re.DOTALL)


@dataclass(slots=True)
class _Open:
    """A list or object that the scan is inside of."""

    path: str
    is_list: bool
    count: int = 0
    name: str | None = field(default=None)
    at: int = 0


def place_in_text(text: str, path: str) -> tuple[int, int]:
    """Row and column, from 0, of what `path` means (`sources[1].source_id`) in a text that is JSON.

    Of the innermost value around it where it isn't there itself, since a problem may be that it is missing.
    """
    best, length = 0, -1
    inside: list[_Open] = []
    for match in _TOKEN.finditer(text):
        part, at = match[0], match.start()
        if part in "]}":
            if inside:
                inside.pop()
            continue
        here = ""
        if inside:
            holder = inside[-1]
            if not holder.is_list and holder.name is None:
                holder.name, holder.at = _name(part), at
                continue
            if holder.is_list:
                here = f"{holder.path}[{holder.count}]"
                holder.count += 1
            else:
                here, at = child(holder.path, holder.name or ""), holder.at
                holder.name = None
        if (path == here or not here or path.startswith((f"{here}.", f"{here}["))) and len(here) > length:
            best, length = at, len(here)
        if here and here == path:
            break
        if part in "[{":
            inside.append(_Open(here, part == "["))
    return text.count("\n", 0, best), best - (text.rfind("\n", 0, best) + 1)


def _name(part: str) -> str:
    try:
        return str(json.loads(part, strict=False))
    except ValueError:
        return part
