"""The entry point that existing deployments call: `python3 executor/main.py metadata_extraction …`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.cli.main import main

if __name__ == "__main__":
    main()
