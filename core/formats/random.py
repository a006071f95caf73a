"""Bytes that look drawn by lot: an encrypted file begins with nothing else."""

from __future__ import annotations

from collections import Counter

_FEWEST = 512
_LOOK = 4096
# Pearson's sum for 255 degrees of freedom is 255 ± 23 for random bytes: 6 of these deviations.
_MOST = 255 + 6 * 23


def looks_random(data: bytes) -> bool:
    """Whether the first bytes of `data` come all equally often; too few tell nothing."""
    data = data[:_LOOK]
    if len(data) < _FEWEST:
        return False
    expected = len(data) / 256
    counts = Counter(data)
    return sum((counts[value] - expected) ** 2 for value in range(256)) / expected < _MOST
