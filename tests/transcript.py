"""The shell transcripts of the docs: run once more, and compared but for what differs from run to run.

A block that begins with ```console holds commands after `$ ` and below each what it printed; JSON is shown with line
breaks. Commands of one page share a folder and a shell's variables.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADDRESS = "localhost:8080"
_WIDTH = 116
_BLOCK = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
_VOLATILE = (
    (re.compile(r"job_[0-9A-HJKMNP-TV-Z]{26}"), "JOB"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)"), "TIME"),
    (re.compile(r"\b\d+\.\d{1,6}\b"), "NUMBER"),
    (re.compile(r"(?m)^(id: )\d+$"), "id: N"),
)
# A job that was just made may wait still, or run already.
_EITHER = {"queued": "queued or running", "running": "queued or running"}
_EARLY = {
    "Job cancelled": "cancelled, or asked for",
    "Cancel was asked for; its worker stops it": "cancelled, or asked for",
}


@dataclass(frozen=True)
class Step:
    """One command and what it printed."""

    command: str
    printed: str


def steps(page: str) -> list[Step]:
    """The commands of a page, in order."""
    return [step for block in _BLOCK.findall(page) for step in _of_block(block)]


def _of_block(block: str) -> Iterator[Step]:
    for part in re.split(r"(?m)^\$ ", block)[1:]:
        lines = part.split("\n")
        end = next(at for at in range(len(lines)) if _is_whole("\n".join(lines[: at + 1])))
        yield Step("\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :]).rstrip("\n"))


def _is_whole(command: str) -> bool:
    """Whether a shell would run this, and not wait for more of it."""
    if command.endswith("\\"):
        return False
    if "<<END" in command:
        return command.endswith("\nEND")
    try:
        shlex.split(command)
    except ValueError:  # a quotation that is not closed
        return False
    return True


class Shell:
    """Runs commands in one folder against one server; variables stay from command to command."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder, self._address = folder, address
        self._state = folder / ".variables"
        self._state.touch()

    def run(self, command: str) -> str:
        """What a command prints; JSON with line breaks."""
        text = command.replace(ADDRESS, self._address)
        keep = f"declare -p JOB >> {self._state} 2>/dev/null"
        script = f"set -o pipefail; . {self._state}\n{text}\nstatus=$?; {keep}; exit $status"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        assert done.returncode == 0, (command, done.stderr)
        out = done.stdout.replace(self._address, ADDRESS).replace(str(self._folder), "/data")
        return pretty(out.strip("\n"))


def pretty(text: str) -> str:
    """JSON with line breaks where it is long; other text as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return _broken(value, "")


def _broken(value: Any, indent: str) -> str:
    """JSON in which what fits on a line stays on one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= _WIDTH or not isinstance(value, dict | list):
        return short
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_broken(part, inner)}" for name, part in value.items()]
    else:
        parts = [_broken(part, inner) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def settled(printed: str) -> Any:
    """What a command printed, without what differs from run to run."""
    text = printed
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    try:
        return _settled_tree(json.loads(re.sub(r"(?<=[:\[,] )NUMBER|^NUMBER$", '"NUMBER"', text)))
    except ValueError:
        # Progress is sent when there is time for it, and of two sources either may be first.
        return sorted(part for part in text.split("\n\n") if not part.startswith("event: progress"))


def _settled_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _settled_tree(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_settled_tree(inner) for inner in value]
    return _EITHER.get(value, _EARLY.get(value, value)) if isinstance(value, str) else value


def rewritten(page: str, shell: Shell) -> str:
    """The page with every command run anew and its output in place."""

    def block(match: re.Match[str]) -> str:
        shown = []
        for step in _of_block(match[0]):
            printed = shell.run(step.command)
            # What has not changed but for times and ids stays as it is.
            shown.append((step, step.printed if settled(step.printed) == settled(printed) else printed))
        return "".join(f"$ {step.command}\n" + (f"{printed}\n" if printed else "") for step, printed in shown)

    return _BLOCK.sub(block, page)
