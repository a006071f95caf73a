"""Counting the rows of JSON text that comes in pieces, in bounded memory."""

from __future__ import annotations

import re

from core.errors import Fault, FileError
from core.formats.jsonrows import line_values
from core.formats.jsontypes import RowShape

_LARGEST_TOKEN = 64 << 20
_STRING = re.compile(r'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
_MARK = re.compile(r"[\[\]{},]|[^\s\[\]{},]+")


class LineCounter:
    """Counts values that stand one on each line, and adds them to a shape.

    `lines` are those that are not blank, `broken` the ones among them that are no JSON.
    """

    def __init__(self, shape: RowShape) -> None:
        self._rest = ""
        self._rows = 0
        self.shape = shape
        self.lines = 0
        self.broken = 0

    def take(self, text: str) -> None:
        """Count the lines that end within `text`."""
        lines = (self._rest + text).split("\n")
        self._rest = lines.pop()
        for line in lines:
            self._add(line)

    def finish(self) -> int:
        """The number of values; the last line needs no end."""
        self._add(self._rest)
        self._rest = ""
        return self._rows

    def _add(self, line: str) -> None:
        values = line_values(line)
        self.lines += values != []
        if values is None:
            self.broken += 1
            return
        self._rows += len(values)
        for value in values:
            self.shape.add(value)


class ValueCounter:
    """Counts the elements of an array, or values one after the other, by their brackets alone.

    Values are not decoded, so one of any size takes no memory.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._depth = 0
        self._values = 0
        self._elements = 0
        self._array = False
        self._pending = False

    def take(self, text: str) -> None:
        """Count what ends within `text`.

        Raises:
            FileError: brackets close that were not open, or a string does not end.
        """
        text = self._rest + text
        cut = len(text)
        for string in _STRING.finditer(text):
            if string.end() == len(text):
                cut = string.start()
        # A bare word at the very end may go on in the next piece.
        while cut == len(text) and cut and text[cut - 1].isalnum() and len(text) - cut < 64:
            cut -= 1
        self._rest = text[cut:]
        if len(self._rest) > _LARGEST_TOKEN:
            raise FileError(Fault.CORRUPT, "it is not valid JSON: a string does not end")
        self._scan(_STRING.sub("s", text[:cut]))

    def finish(self) -> int:
        """The number of rows.

        Raises:
            FileError: the text ended inside a value.
        """
        self._scan(_STRING.sub("s", self._rest))
        self._rest = ""
        if self._depth:
            raise FileError(Fault.CORRUPT, "it is not valid JSON: it ends inside a value")
        return self._elements if self._array and self._values == 1 else self._values

    def _scan(self, text: str) -> None:
        for found in _MARK.finditer(text):
            mark = found[0]
            if mark in ("[", "{"):
                if self._depth == 0:
                    self._values += 1
                    self._array = self._array or (mark == "[" and self._values == 1)
                elif self._depth == 1:
                    self._pending = True
                self._depth += 1
            elif mark in ("]", "}"):
                self._depth -= 1
                if self._depth < 0:
                    raise FileError(Fault.CORRUPT, "it is not valid JSON: a bracket closes that was not open")
                if self._depth == 0:
                    self._end_element()
            elif self._depth == 1:
                if mark == ",":
                    self._end_element()
                else:
                    self._pending = True
            elif self._depth == 0:
                self._values += 1

    def _end_element(self) -> None:
        if self._values == 1:
            self._elements += self._pending
        self._pending = False
