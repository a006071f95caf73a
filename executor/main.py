"""The entry point that existing deployments call: `python3 executor/main.py metadata_extraction …`."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    ours = ROOT / ".venv/bin/python"
    missing = [
        name for name in ("click", "duckdb", "fsspec", "pyarrow", "pydantic", "zstandard") if not find_spec(name)
    ]
    if missing and ours.exists() and "NUVYN_REEXEC" not in os.environ:
        # A bare python3 was called; the checkout's own environment has what is needed.
        os.environ["NUVYN_REEXEC"] = "1"
        os.execv(ours, [str(ours), *sys.argv])  # noqa: S606
    from core.cli.main import main

    main()
