"""nuvyn as it is where obstore isn't installed: `python bench/without_obstore.py run payload.json`."""

from __future__ import annotations

import sys

from nuvyn_tui.main import main

if __name__ == "__main__":
    # Python then takes it for missing.
    sys.modules["obstore"] = None  # type: ignore[assignment]  # as documented for import
    main()
