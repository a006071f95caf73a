"""The transcript in the docs is what the server answers."""

from __future__ import annotations

from pathlib import Path

from tests.command import ROOT, Nuvyn
from tests.servers.api import Api
from tests.transcript import Shell, settled, steps

PAGE = ROOT / "docs" / "http-api.md"


def test_every_command_of_the_page_prints_what_it_shows(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    found = steps(PAGE.read_text())
    assert len(found) > 25
    with Api(Nuvyn(tmp_path), ("--root", str(folder))) as api:
        shell = Shell(folder, api.url.removeprefix("http://"))
        for step in found:
            printed = shell.run(step.command)
            assert settled(printed) == settled(step.printed), f"{step.command}\nruns `./dev docs` to write it anew"


def test_the_page_has_every_call(tmp_path: Path) -> None:
    from core.api.app import make_app
    from core.house import House
    from core.settings import load_settings

    commands = "\n".join(step.command for step in steps(PAGE.read_text()))
    with House(load_settings(home=str(tmp_path), environ={})) as house:
        paths = make_app(house).openapi()["paths"]
    for path in paths:
        assert path.replace("{job_id}", "$JOB") in commands, path
