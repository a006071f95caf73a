"""Glob patterns over keys: `*` and `?` stay within one folder, `**` crosses folders.

Only patterns are patterns: a key is compared as it is, whatever characters it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

_TABLE = "{table}"
_MOST_ODD = 2


def translate(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression for `fullmatch`; `{table}` captures within one folder.

    `[abc]` and `[!abc]` are character sets; an unclosed `[` stands for itself. `**/` is any folders, or none.
    """
    tokens = list(_tokens(pattern))
    one_star = sum(kind != "" for kind, _ in tokens) < 2
    return re.compile("".join(_simple(tokens) if one_star else _settled(_merged(tokens))), re.DOTALL)


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    """Each wildcard, or the regular expression of what is none, as (kind, expression)."""
    at, captured = 0, False
    while at < len(pattern):
        part = next((part for part in ("**/", "**", _TABLE) if pattern.startswith(part, at)), pattern[at])
        if part in ("**/", "**", "*"):
            yield part, ""
        elif part == _TABLE:
            yield "", "(?P=table)" if captured else "(?P<table>[^/]+?)"
            captured = True
        elif part == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end]
            negated = inside.startswith("!")
            body = re.escape(inside.removeprefix("!")).replace(r"\-", "-")
            yield "", f"[{'^/' if negated else ''}{body}]"
            part = pattern[at : end + 1]
        else:
            yield "", "[^/]" if part == "?" else re.escape(part)
        at += len(part)


def _merged(tokens: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Stars that stand together as the one that they come to."""
    found: list[tuple[str, str]] = []
    for kind, text in tokens:
        before = found[-1][0] if found else ""
        if before == "**" and kind:
            continue
        if (before in ("*", "**/") and kind == "**") or (before, kind) == ("**/", "**/"):
            found.pop()
        found.append((kind, text))
    return found


def _simple(tokens: Iterable[tuple[str, str]]) -> Iterator[str]:
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return (wild.get(kind, text) for kind, text in tokens)


def _settled(tokens: Iterable[tuple[str, str]]) -> Iterator[str]:
    """For many stars: what stands between two of them is looked for once, from the left, and never again.

    A later place could only leave less to match, so an atomic group loses nothing, and a match takes no more than
    the square of the key's length. What a pattern ends with, and what must end right before a `**/` that
    begins inside a name, is not settled at once.
    """
    # Between those that cross folders: what stands between single stars.
    units, crossing = [[""]], [""]
    for kind, text in tokens:
        if kind in ("**/", "**"):
            # `a**/b` is `ab` too; a third one of these is not.
            odd = kind == "**/" and any(units[-1]) and not units[-1][-1].endswith("/")
            if odd and crossing.count("odd") == _MOST_ODD:
                crossing.append("**")
                units.append(["/"])
                continue
            crossing.append("odd" if odd else kind)
            units.append([""])
        elif kind == "*":
            units[-1].append("")
        else:
            units[-1][-1] += text
    for number, chunks in enumerate(units):
        last = number == len(units) - 1
        again = last or crossing[number + 1] == "odd" or not chunks[-1] or any("(?P<table>" in c for c in chunks)
        unit = _unit(chunks, last=again)
        between = {"": "", "**": ".*?"}.get(crossing[number], "(?:.*?/)??")
        yield f"{between}{unit}" if again else f"(?>{between}{unit})"


def _unit(chunks: Sequence[str], *, last: bool) -> str:
    """Chunks with single stars between them."""
    text = chunks[0]
    for number, chunk in enumerate(chunks[1:], 1):
        open_end = (last and number == len(chunks) - 1) or "(?P<table>" in chunk
        text += f"[^/]*{chunk}" if open_end else f"(?>[^/]*?{chunk})"
    return text


def selector(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """Whether a key is wanted. A pattern without `/` is matched against the file's name too."""

    if not include and not exclude:
        return lambda key: True

    def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
        compiled = [(translate(p), "/" not in p) for p in patterns]

        def matches(key: str) -> bool:
            name = key.rpartition("/")[2]
            return any(rx.fullmatch(key) or (bare and rx.fullmatch(name)) for rx, bare in compiled)

        return matches

    wanted, unwanted = matcher(include), matcher(exclude)
    return lambda key: (not include or wanted(key)) and not unwanted(key)


def table_matcher(name: str, pattern: str) -> Callable[[str], str | None]:
    """For one entry of the `tables` option: the table that a key belongs to, or None.

    `{table}` in the pattern stands for the name; `{table}` in `name` is filled with it, and an
    empty name is the captured one.
    """
    expression = translate(pattern.strip("/"))

    def match(key: str) -> str | None:
        found = expression.fullmatch(key)
        if found is None:
            return None
        captured = found.groupdict().get("table")
        if captured is None:
            return name
        return name.replace("{table}", captured) if name else captured

    return match
