"""The process behind one browser window: the app on a home folder, drawn to whoever started it."""

from __future__ import annotations

import os
import sys
import threading
import time

from core.errors import NuvynError
from core.settings import load_settings
from nuvyn_tui.main import open_app

_LOOK_S = 0.5


def main(home: str) -> int:
    """Open the app until its window is closed, or its server is gone."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    try:
        return open_app(load_settings(home=home))
    except NuvynError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _end_with(server: int) -> None:
    """End as soon as another process is our parent: a server that was killed tells nobody."""
    while os.getppid() == server:
        time.sleep(_LOOK_S)
    # Nobody sees the screen any more, and jobs run elsewhere.
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
