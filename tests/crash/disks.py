"""A command on a disk of its own: small, or not to be written. Linux only: a mount that only its processes see."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.command import Nuvyn, Ran

_NUVYN = [sys.executable, "-m", "core.cli.main"]


@cache
def can_mount() -> bool:
    """Whether this machine lets us mount: as root, or in a user's namespace."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    return subprocess.run([*apart(), "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0


class Disk:
    """Commands, one after the other, in one namespace in which `nuvyn.home` is a disk of its own.

    The home's files are put there first, and back at the end.
    """

    def __init__(self, nuvyn: Nuvyn, size_kb: int = 1 << 20) -> None:
        self._nuvyn, self._size_kb = nuvyn, size_kb

    def run(self, *commands: Sequence[str], read_only: bool = False) -> list[Ran]:
        """What each command of nuvyn ended with."""
        home, kept = self._nuvyn.home, self._nuvyn.home.with_name("kept")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(home, kept)
        steps = [
            f"mount -t tmpfs -o size={self._size_kb}k tmpfs {home}",
            f"cp -a {kept}/. {home}/ || exit 99",
            *([f"mount -o remount,ro {home}"] if read_only else []),
            *(
                f'(eval "$C{at}") >{kept}.out{at} 2>{kept}.err{at}; echo $? >{kept}.code{at}'
                for at in range(len(commands))
            ),
            f"rm -rf {kept} && cp -a {home}/. {kept}/",
        ]
        given = {f"C{at}": shlex.join([*_NUVYN, *command]) for at, command in enumerate(commands)}
        done = subprocess.run(
            [*apart(), "sh", "-c", f"cd / && {'; '.join(steps)}"],
            env=self._nuvyn.environ() | given,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        shutil.rmtree(home)
        kept.rename(home)
        return [self._ran(kept, at) for at in range(len(commands))]

    @staticmethod
    def _ran(kept: Path, at: int) -> Ran:
        code, out, err = (Path(f"{kept}.{name}{at}").read_text() for name in ("code", "out", "err"))
        return Ran(int(code), out, err)


def apart() -> list[str]:
    """The command that runs another where only it sees what is mounted."""
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
