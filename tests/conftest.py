"""What all tests share: the servers of a run, and an environment without anyone's credentials."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import secrets
from tests.servers import azurite as azurite_server
from tests.servers import mariadb as mariadb_server
from tests.servers import postgres as postgres_server
from tests.servers import sail as sail_server
from tests.servers import seaweed as seaweed_server
from tests.servers.azurite import Azurite
from tests.servers.mariadb import MariaDb
from tests.servers.objects import ObjectServer
from tests.servers.postgres import Postgres
from tests.servers.run import shared, stop_all
from tests.servers.seaweed import Seaweed
from tests.servers.warehouse import Warehouse

_FOLDER = pytest.StashKey[Path]()
_FOREIGN = ("AWS_", "AZURE_", "IDENTITY_", "MSI_", "NUVYN_", "DATABRICKS_", "ARM_", "EXECUTOR_")


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("nuvyn_servers")
    config.stash[_FOLDER] = Path(given or tempfile.mkdtemp(prefix="nuvyn-servers-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker where the run's servers are."""
    node.workerinput["nuvyn_servers"] = str(node.config.stash[_FOLDER])  # type: ignore[attr-defined]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_all(config.stash[_FOLDER])


@pytest.fixture(scope="session")
def azurite(request: pytest.FixtureRequest) -> Azurite:
    """An Azure Blob Storage emulator."""
    return Azurite(**shared(request.config.stash[_FOLDER], "azurite", azurite_server.prepare))


@pytest.fixture(scope="session")
def seaweed(request: pytest.FixtureRequest) -> Seaweed:
    """An S3 server that checks signatures."""
    return Seaweed(**shared(request.config.stash[_FOLDER], "seaweed", seaweed_server.prepare))


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres:
    """PostgreSQL, with passwords."""
    return Postgres(**shared(request.config.stash[_FOLDER], "postgres", postgres_server.prepare))


@pytest.fixture(scope="session")
def mariadb(request: pytest.FixtureRequest) -> MariaDb:
    """MariaDB, with passwords."""
    return MariaDb(**shared(request.config.stash[_FOLDER], "mariadb", mariadb_server.prepare))


@pytest.fixture(scope="session")
def sail(request: pytest.FixtureRequest) -> str:
    """The URL of a Spark Connect server."""
    return shared(request.config.stash[_FOLDER], "sail", sail_server.prepare)["url"]


@pytest.fixture(scope="session")
def object_server() -> Iterator[ObjectServer]:
    """An S3 server that counts requests and fails on demand."""
    with ObjectServer() as server:
        yield server


@pytest.fixture(scope="session")
def _warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    server = Warehouse(tmp_path_factory.mktemp("volumes"))
    yield server
    server.close()


@pytest.fixture
def warehouse(_warehouse: Warehouse) -> Warehouse:
    """An empty SQL warehouse that the Databricks connector talks to."""
    _warehouse.clear()
    return _warehouse


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No credentials, settings or home of the person who runs the tests, and no secrets of the tests before."""
    import os

    monkeypatch.setattr(secrets, "_process", secrets.Register())

    for name in os.environ:
        if name.startswith(_FOREIGN) and not name.startswith("NUVYN_TEST_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    # The instance metadata service must not be looked for on a machine that has none.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield
    shutil.rmtree(home, ignore_errors=True)
