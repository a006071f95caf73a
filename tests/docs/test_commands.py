"""What the docs tell people to type works, and prints what they show."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import pytest

from core.cli.root import root
from tests.command import ROOT, Nuvyn
from tests.docs import commands
from tests.docs.commands import Command, Reader, as_shown, exports, make_exports, named_commands, parts
from tests.servers import azurite as azurite_server
from tests.servers.api import Api
from tests.servers.objects import ObjectServer
from tests.servers.warehouse import Warehouse
from tests.transcript import ADDRESS

DOCS = ROOT / "docs"
PAGES = [DOCS / "start.md", *sorted((DOCS / "howto").glob("*.md"))]
RUN = [path for path in PAGES if any(isinstance(part, Command) for part in parts(path.read_text()))]
TOLD = [ROOT / "README.md", *PAGES, DOCS / "troubleshooting.md"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture
def nuvyn(tmp_path: Path, object_server: ObjectServer, warehouse: Warehouse) -> Nuvyn:
    """The command, with S3, a warehouse and the secrets that the pages' connections name."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    cloud = {
        "AWS_ENDPOINT_URL": object_server.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "canary-of-the-docs",
        "LAKE_KEY_ID": "key",
        "LAKE_SECRET": "canary-of-the-docs",
        "LAKE_KEY": azurite_server.KEY,
    }
    return Nuvyn(home, cloud | warehouse.environ())


@pytest.fixture
def stands_for(request: pytest.FixtureRequest, object_server: ObjectServer) -> dict[str, str]:
    """What is here in place of the clouds that the page names."""
    lake = object_server.bucket({f"sales/{key}": data for key, data in exports().items()})
    found = {commands.BUCKET: lake.name}
    if commands.CONTAINER in request.getfixturevalue("page").read_text():
        azurite = request.getfixturevalue("azurite")
        found[commands.CONTAINER] = f"{azurite.url}/{azurite.container(exports())}"
        found[f'"{commands.ACCOUNT}"'] = f'"{azurite_server.ACCOUNT}"'
    return found


@pytest.fixture
def reader(page: Path, nuvyn: Nuvyn, stands_for: dict[str, str], tmp_path: Path) -> Iterator[Reader]:
    """A reader in a folder with `exports`, and with a server when the page calls one."""
    folder = tmp_path / "data"
    folder.mkdir()
    make_exports(folder)
    (folder / "executor").symlink_to(ROOT / "executor")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = nuvyn.environ() | {"PATH": path, "LC_ALL": "C.UTF-8"}
    with ExitStack() as servers:
        if ADDRESS in page.read_text():
            api = servers.enter_context(Api(nuvyn, ("--root", str(folder))))
            stands_for[ADDRESS] = api.url.removeprefix("http://")
        yield Reader(folder, environ, stands_for)


@pytest.mark.parametrize("page", RUN, ids=named)
def test_each_command_of_a_page_does_what_the_page_says(page: Path, reader: Reader) -> None:
    ended = reader.follow(page.read_text())
    for each in ended:
        assert each.status == each.command.status, f"$ {each.command.text}\n{each.printed}"
        assert as_shown(each), f"$ {each.command.text}\n{each.printed}\nis not\n{each.command.shown}"
    assert len(ended) == sum(isinstance(part, Command) for part in parts(page.read_text()))


@pytest.mark.parametrize("page", TOLD, ids=named)
def test_each_command_that_is_named_is_there(page: Path) -> None:
    for arguments in named_commands(page.read_text()):
        _parse(root, arguments)


def _parse(command: click.Command, arguments: list[str], parent: click.Context | None = None) -> None:
    """Raises when a command or an option is not known, or an argument is missing."""
    with command.make_context(command.name, list(arguments), parent) as context:
        if isinstance(command, click.Group) and context._protected_args:
            rest = [*context._protected_args, *context.args]
            name, inner, left = command.resolve_command(context, rest)
            assert name and inner
            _parse(inner, left, context)


def test_commands_are_found() -> None:
    assert len(named_commands((ROOT / "README.md").read_text())) > 5
    assert sum(isinstance(part, Command) for page in RUN for part in parts(page.read_text())) > 40


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_page_is_short_and_can_be_reached(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert len(lines) < 150
    if page.name != "start.md":
        assert f"howto/{page.name})" in (DOCS / "start.md").read_text()
