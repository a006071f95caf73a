"""The help of every command: examples that can be typed, and what a shell completes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from core.cli.examples import EXAMPLES
from core.cli.root import root
from core.jobs.store import JobStore
from tests.command import ROOT, Nuvyn


def _command(name: str) -> click.Command:
    found = root.get_command(click.Context(root), name)
    assert found is not None
    return found


def test_every_command_has_examples_and_its_help_shows_them() -> None:
    assert set(EXAMPLES) == set(root.list_commands(click.Context(root)))
    for name, examples in EXAMPLES.items():
        text = _command(name).get_help(click.Context(_command(name), info_name=name))
        assert "Examples:" in text and examples[0] in text


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_one_that_can_be_typed(line: str) -> None:
    words = shlex.split(line, posix=True)
    words = words[words.index("nuvyn") + 1 :]
    words = words[: next((at for at, word in enumerate(words) if word in ("|", "<", ">", ">>")), None)]
    command: click.Command = root
    context = click.Context(root, info_name="nuvyn")
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    # Parsed, not run: an unknown option or a missing argument is an error.
    command.parse_args(context, list(words))


def _completed(home: Path, *words: str) -> list[str]:
    environ = Nuvyn(home).environ() | {
        "_NUVYN_COMPLETE": "bash_complete",
        "COMP_WORDS": shlex.join(("nuvyn", *words)),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "core.cli.main"], env=environ, capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert not done.stderr
    return [word for line in done.stdout.splitlines() if (word := line.partition(",")[2])]


def test_commands_options_jobs_and_connections_are_completed(tmp_path: Path) -> None:
    assert _completed(tmp_path, "re") == ["retry", "repair"]
    assert "--accept-shrink" in _completed(tmp_path, "retry", "--a")
    assert _completed(tmp_path, "show", "job_") == []
    store = JobStore(tmp_path / "jobs.sqlite")
    job_id = store.create(workflow_id="w", tenant_id="t", payload={}, source_ids=["a"])
    store.close()
    assert _completed(tmp_path, "show", "job_") == [job_id]
    (tmp_path / "config.toml").write_text("[connections.lake]\nkind = 'aws_s3'\n")
    assert _completed(tmp_path, "connections", "test", "") == ["lake"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(tmp_path: Path, shell: str) -> None:
    said = Nuvyn(tmp_path)("completion", shell)
    assert said.code == 0 and "_NUVYN_COMPLETE" in said.out


def test_a_mistyped_command_or_option_is_told_with_the_nearest(tmp_path: Path) -> None:
    nuvyn = Nuvyn(tmp_path)
    for words, near in ((("querry",), "query"), (("run", "--jsn"), "--json")):
        said = nuvyn(*words)
        assert said.code == 2 and "Did you mean" in said.err and near in said.err
