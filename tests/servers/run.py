"""Server processes that a whole test run shares, also when it has several workers.

The controller of the run owns a folder. Whoever needs a server first starts it there, under a
lock, and writes down its address; the controller stops all of them at the end.
"""

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

START_S = 30.0
STARTS = 3
# Below the ports that the system gives to outgoing connections, which come and go all the time.
PORTS = (10_000, 32_000)
CACHE = Path(os.environ.get("NUVYN_TEST_CACHE") or Path.home() / ".cache/nuvyn-tests")

# Kept, so that nothing collects them while they run.
_started: list[subprocess.Popen[bytes]] = []


class CannotStart(Exception):
    """Why a server isn't there, for the one who reads the test report."""


@dataclass(frozen=True)
class Launch:
    """How to start a server: its command, its address, and a call that tells whether it serves yet.

    `ready` may raise `OSError` for no. `user` is whose process it becomes when root starts it.
    """

    command: Sequence[str]
    address: dict[str, str]
    ready: Callable[[], bool]
    user: str | None = None
    env: Mapping[str, str] | None = None


def shared(folder: Path, name: str, prepare: Callable[[Path], Launch]) -> dict[str, str]:
    """The address of the run's server `name`, started if it isn't yet.

    Where it can't be started the test is skipped with the reason; in CI it fails.
    """
    with locked(folder / f"{name}.lock"):
        state = folder / f"{name}.json"
        if not state.exists():
            state.write_text(json.dumps(_first_start(folder / name, prepare)))
        answer = json.loads(state.read_text())
    if "error" in answer:
        missing(f"{name} could not be started: {answer['error']}")
    return answer["address"]


def missing(reason: str) -> NoReturn:
    """Skip a test whose server isn't there; in CI it fails."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(reason)
    pytest.skip(reason)


def stop_all(folder: Path) -> None:
    """Kill the run's servers (some take long to end in peace) and remove its folder."""
    for state in folder.glob("*.json"):
        if pid := json.loads(state.read_text()).get("pid"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    for process in _started:
        process.wait()
    for place in folder.glob("*/*/place"):
        # What had to lie elsewhere, for a process of another user.
        shutil.rmtree(place.read_text(), ignore_errors=True)
    _started.clear()
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    """A port that nobody listens on; somebody may before it is used, so starts are tried again."""
    while True:
        port = random.randint(*PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    socket.create_connection(("127.0.0.1", port), 0.3).close()
    return True


def _first_start(home: Path, prepare: Callable[[Path], Launch]) -> dict[str, object]:
    reasons: list[str] = []
    for number in range(STARTS):
        folder = home / str(number)
        folder.mkdir(parents=True)
        try:
            launch = prepare(folder)
        except CannotStart as error:
            return {"error": str(error)}
        try:
            return _start(launch, folder)
        except CannotStart as error:
            reasons.append(str(error))
    return {"error": "; ".join(reasons)}


def _start(launch: Launch, home: Path) -> dict[str, object]:
    log = home / "output.log"
    with log.open("wb") as output:
        # A session of its own: a worker's end, or Ctrl+C, doesn't reach it before the controller does.
        process = subprocess.Popen(
            launch.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/" if launch.user else home,
            start_new_session=True,
            user=launch.user if os.geteuid() == 0 else None,
            env=launch.env,
        )
    _started.append(process)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise CannotStart(f"it ended with {process.returncode}: {log.read_text(errors='replace')[-600:]}")
        with contextlib.suppress(OSError):
            if launch.ready():
                return {"pid": process.pid, "address": launch.address}
        time.sleep(0.05)
    process.kill()
    raise CannotStart(f"it did not serve within {START_S:g} s: {log.read_text(errors='replace')[-600:]}")
