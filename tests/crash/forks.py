"""A process that has imported everything and forks for each command: a crash and what follows in tenths of a second.

Reads one JSON object a line from standard input: `argv` of nuvyn or a `call` with its arguments (module:function, what
it gives is printed as JSON), `patches` (module:name to value), `die` (a moment's name and which time of it ends the
process), `trace` (a file for the names of all moments), `out` (a file for its output), `err` (one for what it tells,
else `out`), `in` (a file to read), `cwd`, `environ` (all there is, with `bare`). Answers each with its exit status,
negative for a signal; one with `stay` with its process id, and `wait` for that later with the status.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections import Counter
from typing import Any

from core import points


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        wanted = json.loads(line)
        pid = wanted.get("wait") or os.fork()
        if not pid:
            _child(wanted)
        if wanted.get("stay"):
            print(pid, flush=True)
            continue
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _child(wanted: dict[str, Any]) -> None:
    code = 70
    try:
        os.setsid()
        out = os.open(wanted["out"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        err = os.open(wanted["err"], os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600) if "err" in wanted else out
        os.dup2(os.open(wanted.get("in", os.devnull), os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        # Those of before may have read ahead.
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        if wanted.get("bare"):
            os.environ.clear()
        os.environ.update(wanted.get("environ", {}))
        os.chdir(wanted.get("cwd", "."))
        for place, value in wanted.get("patches", {}).items():
            module, _, name = place.partition(":")
            setattr(importlib.import_module(module), name, value)
        points.watch(_hook(wanted.get("die"), wanted.get("trace")))
        if "call" in wanted:
            place, *arguments = wanted["call"]
            module, _, name = place.partition(":")
            print(json.dumps(getattr(importlib.import_module(module), name)(*arguments)), flush=True)
            code = 0
        else:
            from core.cli.main import main as nuvyn

            nuvyn(wanted["argv"])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _hook(die: tuple[str, int] | None, trace: str | None) -> Any:
    times: Counter[str] = Counter()
    file = os.open(trace, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600) if trace else None

    def reached(name: str) -> None:
        times[name] += 1
        if file is not None:
            os.write(file, f"{name}\n".encode())
        if die is not None and (name, times[name]) == (die[0], die[1]):
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


if __name__ == "__main__":
    # What most commands import; a database of each library is only opened in a child.
    for name in (
        *("duckdb", "pyarrow.parquet", "core.mirror.mirror", "core.extract", "core.cli.run", "core.cli.query"),
        *("core.cli.jobs", "core.cli.worker", "core.cli.inspect", "core.cli.doctor", "core.cli.serve"),
        *("core.api.service", "core.databricks.sync", "tests.crash.operator"),
    ):
        importlib.import_module(name)
    main()
