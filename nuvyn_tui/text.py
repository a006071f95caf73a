"""Outside text made safe for the screen: it is never markup and never a control sequence.

Every widget of the app shows text that came from outside through one of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from core.text import safe

__all__ = ["bar", "fit", "plain", "safe", "sparkline"]

_PARTS = " ▏▎▍▌▋▊▉"
_HEIGHTS = " ▁▂▃▄▅▆▇█"


def plain(text: object, style: str = "") -> Content:
    """Outside text as content: `a[/foo]b` shows as `a[/foo]b`. Line breaks stay."""
    lines = str(text).splitlines() or [""]
    return Content.styled("\n".join(safe(line) for line in lines), style)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Outside text in exactly `width` cells, on one line; what is cut ends with an ellipsis."""
    text = safe(text)
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else "…"[:width]
    room = " " * (width - length)
    return room + text if right else text + room


def bar(done: int, total: int, width: int) -> str:
    """How much is done, as a bar of `width` cells."""
    eighths = 0 if total <= 0 else min(width * 8, done * width * 8 // total)
    whole, part = divmod(eighths, 8)
    drawn = "█" * whole + (_PARTS[part] if part else "")
    return drawn + "·" * (width - len(drawn))


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as a line of blocks, the highest as a full one."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    return "".join(_HEIGHTS[min(8, ceil(value / top * 8))] if top > 0 else _HEIGHTS[0] for value in shown)
