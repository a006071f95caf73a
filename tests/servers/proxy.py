"""A server's port once more, on a line that breaks where a test wants it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType


class Proxy:
    """Hands everything on to a server, and hangs up on the client that says `marker`, `times` times.

    With `hold` it hangs up on nobody: from the marker on it hands nothing on any more, and says nothing.
    """

    def __init__(self, host: str, port: int, marker: bytes, *, times: int = 1, hold: bool = False) -> None:
        self._hold = hold
        self.holds = threading.Event()
        self._server, self._marker = (host, port), marker
        self._times = times
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.cuts = 0
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Proxy:
        self._begin(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in (self._listener, *self._ends):
            end.close()

    def _begin(self, work: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self._ends += [client, server]
                self._begin(self._hand_on, client, server, True)
                self._begin(self._hand_on, server, client, False)

    def _hand_on(self, source: socket.socket, to: socket.socket, listens: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if self._hold and listens and self._marker in data:
                    self.holds.set()
                elif listens and self._marker in data and self._cut():
                    break
                if not self.holds.is_set():
                    to.sendall(data)
        for end in (source, to):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(self) -> bool:
        with self._lock:
            if self.cuts == self._times:
                return False
            self.cuts += 1
            return True
