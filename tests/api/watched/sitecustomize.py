"""Notes every connection that a Python process begins, in the file that `NUVYN_TEST_WATCH` names."""

import os
import sys


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect":
        with open(os.environ["NUVYN_TEST_WATCH"], "a") as file:
            file.write(f"{arguments[1]}\n")


if "NUVYN_TEST_WATCH" in os.environ:
    sys.addaudithook(_note)
