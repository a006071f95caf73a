"""The demo's lake and payload in a folder of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from core.demo.lake import make_lake
from core.errors import UsageError

_MARK = ".nuvyn-demo"


def prepare_demo(folder: Path) -> Path:
    """Make the demo lake anew in `folder` and return the path of its payload.

    Raises:
        UsageError: the folder holds something that is not a demo lake.
    """
    folder = folder.absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise UsageError(f"{folder} is not empty and not a demo lake", hint="name another folder with --lake")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    payload = make_lake(folder)
    path = folder / "payload.json"
    path.write_text(json.dumps(payload, indent=2) + "\n")
    return path
