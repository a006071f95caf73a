"""nuvyn itself, which tells at its end how many Parquet footers were parsed in full.

`python bench/counting_parses.py run payload.json`: the last line on standard error is `parsed N`.
"""

from __future__ import annotations

import sys
from typing import Any

from core.frugal import choose_memory


def main() -> None:
    """Count, and be nuvyn meanwhile."""
    # As nuvyn does, before Arrow is there.
    choose_memory()
    import pyarrow.parquet as pq

    from nuvyn_tui.main import main as nuvyn

    parsed, read = 0, pq.read_metadata

    def counting(*given: Any, **named: Any) -> Any:
        nonlocal parsed
        parsed += 1
        return read(*given, **named)

    pq.read_metadata = counting
    try:
        nuvyn()
    finally:
        print(f"parsed {parsed}", file=sys.stderr)


if __name__ == "__main__":
    main()
