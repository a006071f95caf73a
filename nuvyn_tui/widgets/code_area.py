"""A text area that colours JSON or SQL by Pygments; no native parser is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich.text import Text
from textual.widgets import TextArea

from nuvyn_tui.guard import Guarded
from nuvyn_tui.text import safe

if TYPE_CHECKING:
    from pygments.lexer import Lexer

# Beyond this a text is shown without colours: each change would be felt.
_MOST_CHARACTERS = 60_000

_UNSHOWN = "\N{REPLACEMENT CHARACTER}"
_NAMES = (
    ("Token.Keyword.Constant", "json.null"),
    ("Token.Keyword", "keyword"),
    ("Token.Name.Tag", "json.label"),
    ("Token.Name.Builtin", "type"),
    ("Token.Name.Function", "function.call"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Comment", "comment"),
    ("Token.Operator", "operator"),
    ("Token.Error", "error"),
)
"""What the theme of a text area calls a kind of token; the first that fits."""


class CodeArea(Guarded, TextArea):
    """A `TextArea` whose text is code."""

    def __init__(self, text: str = "", *, syntax: Literal["json", "sql"], id: str | None = None) -> None:
        self._lexer = _lexer(syntax)
        super().__init__(text, id=id)

    def get_line(self, line_index: int) -> Text:
        """A line as it is drawn: a terminal must not obey what is in it, so that has a mark in its place."""
        line = super().get_line(line_index)
        if safe(line.plain) != line.plain:
            line.plain = "".join(char if char == "\t" or safe(char) == char else _UNSHOWN for char in line.plain)
        return line

    def _build_highlight_map(self) -> None:
        """Fill Textual's own map of highlights: by row, the first byte, the one after the last, and a name."""
        self._line_cache.clear()
        self._highlights.clear()
        text = self.document.text
        if len(text) > _MOST_CHARACTERS:
            return
        row = column = 0
        for kind, value in self._lexer.get_tokens(text):
            name = next((name for prefix, name in _NAMES if str(kind).startswith(prefix)), None)
            lines = value.split("\n")
            for at, part in enumerate(lines):
                end = column + len(part.encode("utf-8", "surrogatepass"))
                if name is not None and part:
                    self._highlights[row].append((column, end, name))
                column = end
                if at < len(lines) - 1:
                    row, column = row + 1, 0


def _lexer(syntax: str) -> Lexer:
    if syntax == "json":
        from pygments.lexers.data import JsonLexer

        return JsonLexer(stripnl=False, ensurenl=False)
    from pygments.lexers.sql import SqlLexer

    return SqlLexer(stripnl=False, ensurenl=False)
