"""Records what a terminal shows of commands, as an asciicast (version 2) that `asciinema play` shows again.

https://docs.asciinema.org/manual/asciicast/v2/
"""

from __future__ import annotations

import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 100, 30
DEMO = (
    "nuvyn demo",
    'nuvyn query "SELECT table_name, row_count, file_count FROM tables ORDER BY ALL"',
    "nuvyn query --saved failures --workflow demo",
)
_PROMPT = "\x1b[32m$\x1b[0m "
_PAUSE_S = 1.5
_KEY_S = 0.04


def record(commands: Sequence[str], path: Path) -> None:
    """Run commands one after the other in a home of their own, and write what was shown; no path of this machine."""
    events: list[tuple[float, str]] = []
    at = 0.0
    with tempfile.TemporaryDirectory() as home:
        for command in commands:
            for key in (_PROMPT, *command, "\r\n"):
                events.append((at, key))
                at += _KEY_S
            began = time.monotonic()
            for text in _shown(command, home):
                events.append((at + time.monotonic() - began, text.replace(home, "/home/you/nuvyn")))
            at += time.monotonic() - began + _PAUSE_S
        events.append((at, _PROMPT))
    header = {"version": 2, "width": WIDTH, "height": HEIGHT, "env": {"TERM": "xterm-256color"}}
    lines = [json.dumps(header), *(json.dumps([round(moment, 3), "o", text]) for moment, text in events)]
    path.write_text("\n".join(lines) + "\n")


def _shown(command: str, home: str) -> Iterator[str]:
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NUVYN_", "NO_COLOR"))}
    environ |= {
        "NUVYN_HOME": home,
        "TERM": "xterm-256color",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with subprocess.Popen(["/bin/sh", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, env=environ):
        os.close(theirs)
        try:
            while data := os.read(ours, 65536):
                yield data.decode("utf-8", "replace")
        except OSError:  # Linux's end of a terminal
            pass
    os.close(ours)


if __name__ == "__main__":
    record(DEMO, ROOT / "docs/pictures/demo.cast")
