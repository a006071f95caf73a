"""Outside text made safe to print, and numbers as people read them."""

from __future__ import annotations

import unicodedata

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def safe(text: str) -> str:
    """Text from outside without what a terminal would obey: control and format characters are escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if _dangerous(char) else char for char in text)


def is_text(text: str) -> bool:
    """Whether it has a UTF-8 form: half a character (a lone surrogate) has none."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def as_text(text: str) -> str:
    """The text in a form that every database and stream takes: half a character becomes `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _dangerous(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def size(count: int) -> str:
    """A number of bytes, decimal units: `1.2 MB`."""
    amount = float(count)
    for unit in _UNITS:
        if amount < 1000 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("the last unit takes everything")


def span(seconds: float) -> str:
    """A length of time: `3.2 s`, `4 min 10 s`, `2 h 5 min`; none when a clock was set back meanwhile."""
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
