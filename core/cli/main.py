"""The `nuvyn` command: finds the subcommand, and turns designed errors into text and exit status.

Nothing heavy is imported before a subcommand needs it, so that `--version` and `--help` are instant.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.settings import Settings


def main(
    arguments: list[str] | None = None,
    *,
    app: Callable[[Settings], int] | None = None,
    web: Callable[[Settings, str, int], int] | None = None,
) -> None:
    """Run the command line and exit with its status (0, 1, 2, 3 or 130; see the contract).

    `app` opens what a call without a subcommand shows on a terminal; without it that is the help.
    `web` serves that to browsers at a host and port.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    _write_whole()
    if arguments in (["--version"], ["-V"]):
        from core import __version__

        sys.stdout.write(f"nuvyn {__version__}\n")
        raise SystemExit(0)

    from core.frugal import choose_memory

    choose_memory()
    from core.cli.root import run

    raise SystemExit(run(arguments, app=app, web=web))


def _write_whole() -> None:
    """Give standard output a buffer when it has none, by PYTHONUNBUFFERED: Python drops what one write leaves over."""
    raw = getattr(sys.stdout, "buffer", None)
    if isinstance(raw, io.RawIOBase):
        text = sys.stdout
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=text.encoding, errors=text.errors, line_buffering=True
        )


if __name__ == "__main__":
    main()
