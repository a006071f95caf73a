"""How much of a file's end to ask for first: as much as the largest footer of its table took so far."""

from __future__ import annotations

from core.partitions import place
from core.sources.stores.base import Span

# A footer beyond this is rare enough that a second request costs less than to read so much of every file.
_MOST = 4 << 20


class Tails:
    """The footers that were larger than what is read first, by the folder of their table."""

    def __init__(self) -> None:
        self._longest: dict[str, int] = {}

    def lengthened(self, key: str, first: Span) -> Span:
        """The span to read first, `first` or more; what doesn't begin inside the file stays as it is."""
        start, end = first
        if start == 0 or not self._longest:
            return first
        return max(0, min(start, end - self._longest.get(place(key).base, 0))), end

    def learn(self, key: str, length: int) -> None:
        """A file's footer took so many bytes of its end."""
        if length <= _MOST:
            base = place(key).base
            self._longest[base] = max(length, self._longest.get(base, 0))
