"""What text formats share: the sample of a file, its encoding, and its whole text in pieces."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Generator
from dataclasses import dataclass

from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Span
from core.formats.compression import Unpacker, compression, unpack_head

_CHUNK = 8 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF16_BYTES = 8
_LOOK = 64 << 10
_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 27}) + b"\x7f"


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a text file.

    `used` bytes of the stored file gave `text`; `whole` tells whether that is all of it.
    """

    text: str
    encoding: str
    used: int
    whole: bool


def encoding_of(data: bytes, *, surely_text: bool = False) -> str | None:
    """The encoding of text that begins so, or None when it is no text.

    A byte order mark decides; then UTF-16 by where its zeros are, UTF-8, and last cp1252. When it
    is `surely_text` by its name, stray control characters are no doubt of that.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    zeros = data.count(0)
    if zeros and (len(data) >= _UTF16_BYTES or len(data) % 2 == 0):
        even, odd = data[::2].count(0), data[1::2].count(0)
        if odd > 0.3 * len(data[1::2]) and even <= odd // 8:
            return "utf-16-le"
        if even > 0.3 * len(data[::2]) and odd <= even // 8:
            return "utf-16-be"
        if surely_text and not even and _wide_line_ends(data, 0):
            return "utf-16-le"
        if surely_text and not odd and _wide_line_ends(data, 1):
            return "utf-16-be"
    if not surely_text and len(data.translate(None, _CONTROL)) < len(data) * 0.998:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=False)
    except UnicodeDecodeError:
        return None if zeros else "cp1252"
    return "utf-8"


def _wide_line_ends(data: bytes, at: int) -> bool:
    """Whether every line feed is two bytes, as in UTF-16 of any alphabet; `at` is where the low ones are."""
    low, high = data[at:_LOOK:2], data[1 - at : _LOOK : 2]
    ends = [index for index, byte in enumerate(low) if byte == 10]
    return bool(ends) and 10 not in high and not any(high[index : index + 1].strip(b"\0") for index in ends)


def decode(data: bytes, encoding: str) -> str:
    """The text of the beginning of a file, as `take_sample` gives it."""
    return _decoder(encoding).decode(data)


def take_sample(opened: Opened, options: ReadOptions) -> Generator[Span, bytes, Sample]:
    """The first bytes of a file as text: what is here already, else `sample_bytes`.

    Raises:
        FileError: it is no text, or its compression is broken.
    """
    raw = opened.head or (yield from opened.fetch(0, min(opened.size, options.sample_bytes)))
    whole, used, data = len(raw) == opened.size, len(raw), raw
    kind = compression(raw)
    if kind is not None:
        data, used, ended = unpack_head(raw, kind, options.sample_bytes)
        if whole and not ended and used >= opened.size:
            raise FileError(Fault.CORRUPT, f"the {kind} data ends too early")
        whole = whole and ended
    encoding = options.csv.encoding or encoding_of(data, surely_text=True)
    if encoding is None:
        raise FileError(Fault.CORRUPT, "it is not text")
    decoder = _decoder(encoding)
    return Sample(decoder.decode(data, final=whole), encoding, used, whole)


def stream(opened: Opened, encoding: str, take: Callable[[str], None]) -> Generator[Span, bytes, None]:
    """Give the whole text of a file to `take`, piece by piece.

    Raises:
        FileError: its compression is broken.
    """
    decoder = _decoder(encoding)
    head = yield from opened.fetch(0, min(opened.size, _CHUNK))
    kind = compression(head)
    unpacker = Unpacker(kind) if kind else None
    at, data = 0, head
    while True:
        for piece in unpacker.feed(data) if unpacker else (data,):
            take(decoder.decode(piece))
        at += len(data)
        if at >= opened.size:
            break
        data = yield from opened.fetch(at, at + _CHUNK)
    if unpacker is not None and not unpacker.between:
        raise FileError(Fault.CORRUPT, f"the {kind} data ends too early")
    take(decoder.decode(b"", final=True))


def _decoder(encoding: str) -> io.IncrementalNewlineDecoder:
    """A decoder that also makes every line end `\\n`; bytes that mean nothing become U+FFFD."""
    return io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors="replace"), translate=True)
