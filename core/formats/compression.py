"""Compressed text: recognised by its first bytes, unpacked in bounded steps."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Iterator
from typing import Any, Literal

from core.errors import Fault, FileError
from core.formats.zstd import zstd

Kind = Literal["gz", "zst", "bz2"]

_MAGIC: tuple[tuple[bytes, Kind], ...] = ((b"\x1f\x8b", "gz"), (b"\x28\xb5\x2f\xfd", "zst"), (b"BZh", "bz2"))
# Packed bytes taken in at once: at the highest ratio of gz they are about a megabyte.
_STEP = 1 << 10
# The highest ratios of the others have no such bound, but their unpackers can stop anywhere.
_MOST = 8 << 20


def compression(head: bytes) -> Kind | None:
    """How a file with these first bytes is compressed, or None."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


class Unpacker:
    """Unpacks a stream given in pieces; several members or frames one after the other are one stream."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._bounded = kind != "gz"
        self._inner: Any = None
        self.used = 0
        """Compressed bytes taken in so far."""

    @property
    def between(self) -> bool:
        """Whether what was fed ends with a member, so that nothing is missing."""
        return self._inner is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Pieces of what `data` unpacks to; stop asking and the rest is left packed.

        Raises:
            FileError: the stream is broken.
        """
        for at in range(0, len(data), _STEP):
            rest = data[at : at + _STEP]
            self.used += len(rest)
            more = bool(rest)
            while more:
                if self._inner is None:
                    if not rest.strip(b"\0"):
                        break  # padding after the last member
                    self._inner = self._new()
                try:
                    out = self._inner.decompress(rest, _MOST) if self._bounded else self._inner.decompress(rest)
                except (zlib.error, OSError, ValueError, EOFError, zstd.ZstdError) as error:
                    raise FileError(Fault.CORRUPT, f"the {self._kind} data is broken: {error}") from error
                rest = self._inner.unused_data if self._inner.eof else b""
                more = bool(rest) or (self._bounded and not self._inner.eof and not self._inner.needs_input)
                if self._inner.eof:
                    self._inner = None
                if out:
                    yield out

    def _new(self) -> Any:
        if self._kind == "gz":
            return zlib.decompressobj(wbits=31)
        return bz2.BZ2Decompressor() if self._kind == "bz2" else zstd.ZstdDecompressor()


def unpack_head(data: bytes, kind: Kind, limit: int) -> tuple[bytes, int, bool]:
    """The first `limit` bytes of what `data` unpacks to.

    Returns them, how many compressed bytes they took, and whether that is all of a whole stream.
    A stream that breaks after giving some is read as far as it goes, and is not whole.
    """
    unpacker = Unpacker(kind)
    parts: list[bytes] = []
    length = 0
    try:
        for part in unpacker.feed(data):
            parts.append(part)
            length += len(part)
            if length > limit:
                return b"".join(parts)[:limit], unpacker.used, False
    except FileError:
        if not parts:
            raise
        return b"".join(parts), unpacker.used, False
    return b"".join(parts), unpacker.used, unpacker.between
