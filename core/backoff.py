"""How long to wait before trying again: exponential, with full jitter, `Retry-After` obeyed."""

from __future__ import annotations

import random
from collections.abc import Callable

BASE_S = 0.2
CAP_S = 20.0
_LONGEST_ASKED_S = 120.0


def backoff(
    attempt: int,
    *,
    retry_after: float | None = None,
    rng: Callable[[], float] = random.random,
    base: float = BASE_S,
    cap: float = CAP_S,
) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 0).

    A random time up to `base * 2^attempt`, at most `cap` (both in seconds); never less than the
    server asked for, unless that is beyond two minutes.
    """
    # The exponent is bounded before it overflows a float.
    wait = rng() * min(cap, base * 2.0 ** min(attempt, 64))
    return wait if retry_after is None else max(wait, min(retry_after, _LONGEST_ASKED_S))
