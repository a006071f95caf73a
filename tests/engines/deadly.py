"""Readers that do what a broken file may make a library do. They run in a child process only."""

from __future__ import annotations

import os
import signal
import time

from core.catalog import FileReading
from core.errors import Fault, FileError
from core.formats.base import Opened, ReadOptions, Steps


class Deadly:
    """What the file's first bytes say is what happens."""

    name = "deadly"
    suffixes = (".deadly",)
    end = "head"

    def sniff(self, head: bytes, tail: bytes) -> bool:
        return True

    def read(self, opened: Opened, options: ReadOptions) -> Steps:
        rest = yield from opened.fetch(len(opened.head), opened.size)
        match opened.head.decode():
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "exit":
                os._exit(3)
            case "memory":
                b"x" * (4 << 30)
            case "sleep":
                time.sleep(3600)
            case "print":
                print("a line that nobody should see, least of all as part of an answer", flush=True)
                os.write(1, b"nor this one")
            case "refuse":
                raise FileError(Fault.ENCRYPTED, "it is locked")
            case "bug":
                raise IndexError("out of range")
        return FileReading(f"{os.getpid()} {len(rest)}", ())
