"""The other end of `core.engines.isolated`: a process that runs one reader at a time and may die of it.

Frames on standard input and output: 8 bytes of length, then a pickled message. Nothing else may
be written there, so whatever a library prints goes nowhere.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
from importlib import import_module
from typing import Any, BinaryIO

from core.errors import Fault, FileError, first_line
from core.formats.base import Opened, ReadOptions, Steps

LENGTH = struct.Struct(">Q")
MOST_MEMORY = 2 << 30


def main() -> None:
    """Answer requests until the parent closes its end."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _limit_memory()
    while (request := receive(requests)) is not None:
        send(answers, _answer(request, requests, answers))


def send(stream: BinaryIO, message: Any) -> None:
    """Write one frame."""
    data = pickle.dumps(message)
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one frame; None at the end of the stream."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    # Only ever from the process that started this one.
    return pickle.loads(stream.read(LENGTH.unpack(head)[0]))  # noqa: S301 # nosec B301


def _answer(request: tuple[str, Opened, ReadOptions], requests: BinaryIO, answers: BinaryIO) -> tuple[str, Any]:
    reader, opened, options = request
    module, _, name = reader.partition(":")
    try:
        steps: Steps = getattr(import_module(module), name)().read(opened, options)
        span = next(steps)
        while True:
            send(answers, ("span", span))
            data = receive(requests)
            if data is None:
                sys.exit()
            span = steps.send(data)
    except StopIteration as stop:
        return "read", stop.value
    except FileError as error:
        return "failed", (error.fault, error.message)
    except MemoryError:
        return "failed", (Fault.UNSUPPORTED, f"reading it takes more than {MOST_MEMORY >> 30} GB of memory")
    except Exception as error:
        return "failed", (Fault.CORRUPT, f"it cannot be read: {first_line(error)}")


def _limit_memory() -> None:
    """Where the system has such a limit (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = MOST_MEMORY if most == resource.RLIM_INFINITY else min(MOST_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


if __name__ == "__main__":
    main()
