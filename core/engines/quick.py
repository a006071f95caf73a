"""Reading files that are at hand, one after the other in one thread, as long as each takes next to no time.

To give a read to a thread and to get its answer, and to have two threads wait for Python by turns, costs more than a
read from a quick disk with all its parsing. So a thread reads and parses for some milliseconds, and then the loop takes
what it has. Whatever is not quick (a slow disk, one that hangs, a file with much to parse, a fault that may pass) goes
the long way, by which every file can be read: nothing is decided here but what became of a file that was read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import NamedTuple, Protocol

from core.catalog import DataFile
from core.engines.base import Outcome
from core.engines.file_steps import Apart, advance, file_steps, reader_failed, reads_apart
from core.engines.tails import Tails
from core.errors import SourceError
from core.formats.base import ReadOptions
from core.sources.stores.base import Span

_TURN_S = 0.005
_MOST_IN_TURN = 256
# A turn that takes so long hangs: nothing waits for it.
_LATE_S = 0.05
# Files that take longer than this are worth a thread each.
_QUICK_S = 0.0005


class AtHand(Protocol):
    """What a store offers whose bytes are at hand: a read that blocks, and the threads that may be blocked."""

    @property
    def threads(self) -> ThreadPoolExecutor: ...

    def read_now(self, key: str, spans: Sequence[Span]) -> list[bytes]:
        """Like `Store.read`, without counting it; raises OSError or `SourceError`. Called from any thread."""
        ...


class Done(NamedTuple):
    """A file that was read, with what that took; `outcome` is None for one that must go the long way."""

    at: int
    outcome: Outcome | None
    requests: int
    bytes_read: int


class Turn:
    """Some files for one thread, which takes from one end of `todo` what the loop may take back from the other."""

    def __init__(self, at_hand: AtHand, files: Sequence[DataFile], indexes: Sequence[int]) -> None:
        self.quick = True
        self._at_hand = at_hand
        self._files = files
        self._todo = deque(indexes)
        self._done: deque[Done] = deque()

    def run(self, options: ReadOptions, tails: Tails) -> None:
        """Read, in a thread, until all is read or the turn is over."""
        began = perf_counter()
        count, taken = 0, 0.0
        while self._todo and taken < _TURN_S:
            try:
                index = self._todo.popleft()
            except IndexError:  # taken back this moment
                break
            self._done.append(self._read(index, options, tails))
            count += 1
            taken = perf_counter() - began
        self.quick = taken <= _QUICK_S * count

    def take_back(self) -> list[int]:
        """What its thread has not begun, in order."""
        left: deque[int] = deque()
        while self._todo:
            try:
                left.appendleft(self._todo.pop())
            except IndexError:  # its thread goes on this moment
                break
        return list(left)

    def take_done(self) -> list[Done]:
        """What its thread has done since this was asked last."""
        return [self._done.popleft() for _ in range(len(self._done))]

    def _read(self, index: int, options: ReadOptions, tails: Tails) -> Done:
        file = self._files[index]
        requests = bytes_read = 0
        if reads_apart(file):
            return Done(index, None, requests, bytes_read)
        try:
            steps = file_steps(file, options, tails)
            wanted = advance(steps, None)
            while not isinstance(wanted, Outcome):
                if isinstance(wanted, Apart):
                    return Done(index, None, requests, bytes_read)
                [data] = self._at_hand.read_now(file.key, [wanted])
                requests += 1
                bytes_read += len(data)
                wanted = advance(steps, data)
        except (OSError, SourceError):
            return Done(index, None, requests, bytes_read)
        except Exception as error:
            wanted = reader_failed(file, error)
        return Done(index, wanted, requests, bytes_read)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A turn whose thread has not come back from one file."""

    turn: Turn
    running: asyncio.Future[None]
    index: int


async def read_quick(
    at_hand: AtHand,
    files: Sequence[DataFile],
    queue: Iterator[int],
    options: ReadOptions,
    tails: Tails,
    settle: Callable[[Sequence[Done]], None],
) -> tuple[list[int], Stuck | None]:
    """Read from the queue, a turn after the other, until it is empty or what comes is not quick.

    Gives what of it was taken and is still to be read, and the file that a thread is stuck with.
    """
    loop = asyncio.get_running_loop()
    long_way: list[int] = []
    left: list[int] = []
    while indexes := [*left, *islice(queue, _MOST_IN_TURN - len(left))]:
        turn = Turn(at_hand, files, indexes)
        running = loop.run_in_executor(at_hand.threads, turn.run, options, tails)
        try:
            await asyncio.wait([running], timeout=_LATE_S)
        finally:
            left = turn.take_back()
        done = turn.take_done()
        settle(done)
        long_way += [each.at for each in done if each.outcome is None]
        if stuck := set(indexes).difference(left, (each.at for each in done)):
            [index] = stuck
            return long_way + left, Stuck(turn, running, index)
        if not turn.quick:
            break
    return long_way + left, None
