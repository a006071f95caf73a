"""Pieces of Markdown: a generated page, a table, values as code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def page(source: str, title: str, *parts: str) -> str:
    """A whole page; `source` is where its content comes from."""
    made = f"<!-- Generated from {source} by docs/reference.py: change it there, then run `./dev docs`. -->"
    return "\n\n".join((made, f"# {title}", *(part for part in parts if part))) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown."""
    lines = (head, ("---",) * len(head), *(tuple(map(_cell, row)) for row in rows))
    return "\n".join(f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in line)}|" for line in lines)


def code(text: object) -> str:
    """A word of the program."""
    return f"`{text}`"


def codes(texts: Iterable[object]) -> str:
    """Words of the program, with commas between."""
    return ", ".join(map(code, texts))


def block(text: str, language: str = "") -> str:
    """Lines as they are."""
    return f"```{language}\n{text}\n```"


def joined(text: str) -> str:
    """A text of several lines in one."""
    return " ".join(text.split())


def sentence(text: str) -> str:
    """A text with a capital first and a full stop last; what is code stays as it is."""
    text = joined(text)
    return text[:1].upper() + text[1:] + ("" if not text or text.endswith((".", ":")) else ".")


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", joined(text))
