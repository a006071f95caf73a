"""SQL type names as their parts: `DECIMAL(10,2)`, `STRUCT(a INTEGER, "b c" VARCHAR[])[]`, `TIME(6) WITH TIME ZONE`.

Reads what databases print of their types and what people declare, which SQLite lets be any text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"""\s*(?:"((?:[^"]|"")*)"|('(?:[^']|'')*')|([^\s"'(),\[\]]+)|([(),\[\]]))""")
_CONTAINERS = frozenset({"STRUCT", "ROW", "UNION", "MAP", "LIST", "ARRAY"})
_NAMED = frozenset({"STRUCT", "ROW", "UNION"})
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type as it is written.

    `name` has its words in capitals with one space between, those after the brackets too (`TIMESTAMP WITH TIME
    ZONE`); `arguments` are the numbers or texts in brackets. `members` are the types inside a container with their
    names (empty where it gives none); the name of a list, of whatever length, is `LIST`.
    """

    name: str
    arguments: tuple[str, ...] = ()
    members: tuple[tuple[str, SqlType], ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    quoted: bool = False

    def is_(self, mark: str) -> bool:
        return self.text == mark and not self.quoted


def parse(text: str) -> SqlType:
    """The parts of a type.

    Raises:
        ValueError: it is no type as any database writes one.
    """
    parser = _Parser(_tokens(text))
    found = parser.type()
    if parser.left:
        raise ValueError(f"not a type: {text!r}")
    return found


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    text, at = text.strip(), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not a type: {text!r}")
        quoted, literal, word, mark = match.groups()
        if quoted is not None:
            found.append(_Token(quoted.replace('""', '"'), quoted=True))
        else:
            found.append(_Token(literal or word or mark))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    @property
    def left(self) -> bool:
        return self._at < len(self._tokens)

    def type(self) -> SqlType:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("a type too deep")
        found = self._base()
        while True:
            if self._take("["):
                while not self._take("]"):
                    self._next()
            elif not (found.name != "ARRAY" and self._take_word("ARRAY")):
                break
            found = SqlType("LIST", members=(("", found),))
        self._depth -= 1
        return found

    def _base(self) -> SqlType:
        words = self._words()
        if not words:
            raise ValueError("a type without a name")
        name = " ".join(words)
        if name in _CONTAINERS and self._take("("):
            return SqlType("LIST" if name == "ARRAY" else name, members=self._members(named=name in _NAMED))
        arguments: list[str] = []
        if self._take("("):
            while not self._take(")"):
                if not self._take(","):
                    arguments.append(self._next().text)
            name = " ".join([name, *self._words()])
        return SqlType(name, tuple(arguments))

    def _words(self) -> list[str]:
        found: list[str] = []
        while self.left and not any(map(self._tokens[self._at].is_, "(),[]")):
            if found and self._tokens[self._at].text.upper() == "ARRAY":
                break
            found.append(self._next().text.upper())
        return found

    def _members(self, *, named: bool) -> tuple[tuple[str, SqlType], ...]:
        found: list[tuple[str, SqlType]] = []
        while not self._take(")"):
            if found and not self._take(","):
                raise ValueError("a comma is missing")
            found.append((self._next().text if named else "", self.type()))
        return tuple(found)

    def _next(self) -> _Token:
        if not self.left:
            raise ValueError("a type that ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, mark: str) -> bool:
        if self.left and self._tokens[self._at].is_(mark):
            self._at += 1
            return True
        return False

    def _take_word(self, word: str) -> bool:
        if self.left and not self._tokens[self._at].quoted and self._tokens[self._at].text.upper() == word:
            self._at += 1
            return True
        return False
