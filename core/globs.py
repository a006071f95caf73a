"""Glob patterns over keys: `*` and `?` stay within one folder, `**` crosses folders.

Only patterns are patterns: a key is compared as it is, whatever characters it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def translate(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression for `fullmatch`; `{table}` captures within one folder.

    `[abc]` and `[!abc]` are character sets; an unclosed `[` stands for itself.
    """
    out: list[str] = []
    at, captured = 0, False
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif pattern.startswith("{table}", at):
            out.append("(?P=table)" if captured else "(?P<table>[^/]+?)")
            captured = True
            at += len("{table}")
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end]
            negated = inside.startswith("!")
            body = re.escape(inside.removeprefix("!")).replace(r"\-", "-")
            out.append(f"[{'^/' if negated else ''}{body}]")
            at = end + 1
        else:
            out.append({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)))
            at += 1
    return re.compile("".join(out), re.DOTALL)


def selector(include: Sequence[str], exclude: Sequence[str]) -> Callable[[str], bool]:
    """Whether a key is wanted. A pattern without `/` is matched against the file's name too."""

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
