"""A library that reads a file by itself, run as a reader that asks for ranges.

The library runs in a thread of its own. Where it reads what is not here, the thread waits, and the reader that stands
for it yields that range.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from typing import TypeVar

from core.errors import Fault, FileError
from core.formats.base import Opened, Span

T = TypeVar("T")

_Event = Span | Exception | None


class Ranges:
    """What a library in its thread reads the file with.

    `opened` is what is here already; `beyond` tells whether the library wanted more than the file has.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.beyond = False
        self.events: SimpleQueue[_Event] = SimpleQueue()
        self.answers: SimpleQueue[bytes | None] = SimpleQueue()

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end` or the end of the file, waiting for them.

        Raises:
            OSError: nobody wants to know any more.
        """
        self.beyond = self.beyond or end > self.opened.size
        start, end = max(0, start), min(end, self.opened.size)
        if start >= end:
            return b""
        steps = self.opened.fetch(start, end)
        try:
            span = next(steps)
        except StopIteration as stop:
            here: bytes = stop.value
            return here
        self.events.put(span)
        data = self.answers.get()
        if data is None:
            self.answers.put(None)
            raise OSError("no longer wanted")
        return data


def run(
    opened: Opened, work: Callable[[Ranges], T], *, seconds: float, interrupt: Callable[[], None]
) -> Generator[Span, bytes, T]:
    """What `work` returns, or raises.

    It may take `seconds`, the time for fetching ranges aside: then it is told to stop by `interrupt`, which must be
    safe to call from another thread at any time, and is left alone if it does not.

    Raises:
        FileError: it took longer.
    """
    ranges = Ranges(opened)
    results: list[T] = []

    def body() -> None:
        try:
            results.append(work(ranges))
        except Exception as error:
            ranges.events.put(error)
        else:
            ranges.events.put(None)

    # A daemon, so that a library that never returns cannot keep the process.
    threading.Thread(target=body, name="blocking-reader", daemon=True).start()
    left = seconds
    try:
        while True:
            began = time.monotonic()
            try:
                event = ranges.events.get(timeout=max(0.0, left))
            except Empty:
                raise FileError(Fault.TIMEOUT, f"reading it takes longer than {seconds:g} s") from None
            left -= time.monotonic() - began
            if isinstance(event, Exception):
                raise event
            if event is None:
                return results[0]
            ranges.answers.put((yield event))
    finally:
        ranges.answers.put(None)
        interrupt()
