"""Whether processes of this machine live."""

from __future__ import annotations

import os


def is_alive(pid: int) -> bool:
    """Whether a process of this host lives; where it cannot be asked, as on Windows, it does."""
    if os.name == "nt":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
