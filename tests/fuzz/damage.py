"""Hypothesis strategies of a target's inputs: its seeds, damaged and put together anew."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS, WORDS

_MOST_EDITS = 6


@st.composite
def _damaged(draw: st.DrawFn, seeds: tuple[bytes, ...], words: tuple[bytes, ...]) -> bytes:
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, _MOST_EDITS))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.sampled_from((0, 1, 1, 2, 4, 8, 64))))
        put = draw(
            st.sampled_from(words)
            | st.binary(max_size=8)
            | st.text(max_size=4).map(str.encode)
            # Bytes of itself: blocks twice, blocks elsewhere.
            | st.integers(0, len(data)).map(lambda start, data=data: data[start : start + 16])  # type: ignore[misc]
        )
        data = data[:at] + put + data[end:]
    return data


def damaged(name: str) -> st.SearchStrategy[bytes]:
    """Inputs of a target that are nearly good, or just bytes."""
    words = tuple(word.encode("latin-1" if max(word) <= "\xff" else "utf-8") for word in WORDS[name])
    return _damaged(tuple(SEEDS[name]()), words) | st.binary(max_size=200)
