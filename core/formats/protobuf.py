"""Protocol Buffers messages as their fields, without a schema: enough for a footer.

Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class WrongMessage(ValueError):
    """Bytes that are no message."""


def message(data: bytes) -> dict[int, list[int | bytes]]:
    """A message's fields by number, each with all its values in order: numbers, or bytes.

    Raises:
        WrongMessage: it is none, or is cut short.
    """
    found: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = varint(data, at)
        else:
            if kind == _BYTES:
                length, at = varint(data, at)
            elif kind in (_FIXED32, _FIXED64):
                length = 4 if kind == _FIXED32 else 8
            else:
                raise WrongMessage("an unknown kind of field")
            value = data[at : at + length]
            if len(value) != length:
                raise WrongMessage("a field is cut short")
            at += length
        found.setdefault(tag >> 3, []).append(value)
    return found


def numbers(found: dict[int, list[int | bytes]], field: int) -> list[int]:
    """A repeated number, packed into bytes or not."""
    values: list[int] = []
    for value in found.get(field, []):
        if isinstance(value, int):
            values.append(value)
            continue
        at = 0
        while at < len(value):
            number, at = varint(value, at)
            values.append(number)
    return values


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length number, and where the next byte is."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise WrongMessage("a number has no end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
