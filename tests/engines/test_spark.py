"""The engine `spark` against a Spark Connect server: what it leaves in the mirror is what this machine leaves."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.catalog import DataFile
from core.connections import Connection
from core.engines.base import Outcome
from core.engines.local import read_files
from core.engines.spark import SparkEngine
from core.engines.streak import Streak
from core.errors import Fault, SourceError
from core.formats.base import ReadOptions
from core.progress import Progress
from core.sources.locations import locate
from core.sources.stores.open import open_store
from tests.command import Nuvyn, place
from tests.every_format import lake as every_format
from tests.servers import sail as sail_server
from tests.servers.objects import Bucket, ObjectServer, Trouble
from tests.servers.run import free_port

_TABLES = ("tables", "columns", "files")
_PASSING = ("extraction_timestamp", "last_seen", "updated_at", "created_at")


def _parquet(number: int) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": list(range(number % 7)), f"extra{number % 3}": ["x"] * (number % 7)}), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _lake(count: int) -> dict[str, bytes]:
    lake = {f"sales/day={n % 30:02}/part-{n:05}.parquet": _parquet(n) for n in range(count)}
    return lake | {
        "odd//name +?.csv": b"a,b\n1,x\n2,y\n",
        "broken.parquet": b"PAR1 not really PAR1",
        "r.json": b'{"a": 1}\n',
    }


def _mirror(nuvyn: Nuvyn) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table in _TABLES:
        rows = nuvyn.rows(f"SELECT * FROM {table} ORDER BY ALL")
        found[table] = [{k: v for k, v in row.items() if k not in _PASSING} for row in rows]
    return found


@pytest.fixture(autouse=True)
def _a_main_module_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """PySpark takes a main module without a file, as a parallel run's processes have, for its own doctests."""
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Nuvyn, Nuvyn]]:
    homes = tmp_path / "local", tmp_path / "spark"
    for home in homes:
        home.mkdir()
    yield Nuvyn(homes[0]), Nuvyn(homes[1])


def test_a_folder_of_every_format_gives_the_same_mirror(both: tuple[Nuvyn, Nuvyn], tmp_path: Path, sail: str) -> None:
    here, there = both
    lake = tmp_path / "lake"
    for key, data in {**every_format(), "broken.parquet": b"PAR1 not really PAR1"}.items():
        (lake / key).parent.mkdir(parents=True, exist_ok=True)
        (lake / key).write_bytes(data)
    for nuvyn, more in ((here, ()), (there, ("--engine", "spark", "--spark-remote", sail))):
        payload = nuvyn.payload({"s": str(lake)})
        done = nuvyn("run", str(payload), "--json", *more)
        assert done.code == 0, done.err
    assert _mirror(there) == _mirror(here)
    assert len(_mirror(here)["tables"]) > 5


def test_a_bucket_is_read_by_the_workers_with_what_is_sent_along(
    both: tuple[Nuvyn, Nuvyn], object_server: ObjectServer, sail: str
) -> None:
    here, there = both
    bucket = object_server.bucket(_lake(300))
    requests = []
    for nuvyn, more in ((here, ()), (there, ("--spark-remote", sail))):
        payload = nuvyn.payload({"s": place(bucket)})
        env = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": bucket.url}
        done = nuvyn("run", str(payload), "--json", *more, env=env)
        assert done.code == 0, done.err
        requests.append(done.last_json()["result_data"]["sources"][0]["requests"])
    assert _mirror(there) == _mirror(here)
    assert requests[1]["GET"] == requests[0]["GET"] == len(bucket.objects)
    assert bucket.signed == bucket.counts.total()


async def _read(engine: Any, bucket: Bucket) -> dict[str, Outcome]:
    location = locate(f"s3://{bucket.name}/", environ={"AWS_ENDPOINT_URL": bucket.url})
    store = open_store(location, _connection(bucket))
    files = []
    async for page in store.pages():
        files += [DataFile(**row) for row in page.to_pylist()]
    found: dict[str, Outcome] = {}

    def deliver(at: int, outcome: Outcome) -> None:
        assert files[at].key not in found
        found[files[at].key] = outcome

    try:
        await engine(
            store,
            files,
            ReadOptions(),
            max_concurrency=8,
            file_timeout_s=60,
            streak=Streak(),
            progress=Progress(),
            deliver=deliver,
        )
    finally:
        await store.close()
    return found


def _connection(bucket: Bucket) -> Connection:
    return Connection("b", endpoint_url=bucket.url, access_key_id="a", secret_access_key="b")


def _engine(remote: str | None, bucket: Bucket) -> SparkEngine:
    location = locate(f"s3://{bucket.name}/", environ={"AWS_ENDPOINT_URL": bucket.url})
    return SparkEngine(remote, location, _connection(bucket), {}, retries=3, shard=20)


class _Server:
    """A Spark server of one test's own, that can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self.url = f"sc://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        launch = sail_server.prepare(self._folder, self._port)
        self._process = subprocess.Popen(
            launch.command, env=launch.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if launch.ready():
                    return
            except OSError:
                assert self._process.poll() is None
        raise AssertionError("it does not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[_Server]:
    server = _Server(tmp_path)
    server.start()
    yield server
    server.kill()


async def test_what_was_lost_in_the_middle_is_given_out_again(own_server: _Server, object_server: ObjectServer) -> None:
    bucket = object_server.bucket(_lake(400), latency_s=0.05)
    expected = await _read(read_files, bucket)
    bucket.counts.clear()
    reading = asyncio.create_task(_read(_engine(own_server.url, bucket), bucket))
    while bucket.counts["GET"] < 100:
        assert not reading.done(), reading.exception()
        await asyncio.sleep(0.01)
    own_server.kill()
    assert not reading.done()
    await asyncio.to_thread(own_server.start)
    assert await reading == expected
    assert bucket.counts["GET"] > len(bucket.objects)


async def test_a_run_that_lost_its_cluster_in_the_middle_gives_the_same_mirror(
    own_server: _Server, both: tuple[Nuvyn, Nuvyn], object_server: ObjectServer
) -> None:
    here, there = both
    bucket = object_server.bucket(_lake(1_500), latency_s=0.02)
    env = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": bucket.url}
    done = await asyncio.to_thread(here, "run", here.payload({"s": place(bucket)}), "--json", env=env)
    assert done.code == 0, done.err
    bucket.counts.clear()
    payload = there.payload({"s": place(bucket)})
    remote = ("--engine", "spark", "--spark-remote", own_server.url)
    running = asyncio.create_task(asyncio.to_thread(there, "run", payload, "--json", *remote, env=env))
    while bucket.counts["GET"] < 200:
        assert not running.done(), await running
        await asyncio.sleep(0.01)
    own_server.kill()
    await asyncio.to_thread(own_server.start)
    assert (await running).code == 0, (await running).err
    assert bucket.counts["GET"] > len(bucket.objects)
    assert _mirror(there) == _mirror(here)


async def test_cancelling_ends_at_once(sail: str, object_server: ObjectServer) -> None:
    bucket = object_server.bucket(_lake(400), latency_s=0.2)
    reading = asyncio.create_task(_read(_engine(sail, bucket), bucket))
    while bucket.counts["GET"] < 20:
        assert not reading.done(), reading.exception()
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(reading, 10)


async def test_without_a_session_it_says_what_to_name(object_server: ObjectServer) -> None:
    bucket = object_server.bucket(_lake(2))
    with pytest.raises(SourceError, match="no active SparkSession") as caught:
        await _read(_engine(None, bucket), bucket)
    assert "--spark-remote" in caught.value.hint


async def test_a_missing_extra_is_named(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    bucket = object_server.bucket(_lake(2))
    with pytest.raises(SourceError) as caught:
        await _read(_engine("sc://127.0.0.1:1", bucket), bucket)
    assert (caught.value.fault, caught.value.hint) == (Fault.MISSING_DRIVER, "pip install 'nuvyn[spark]'")


async def test_a_library_that_ends_the_program_is_an_error(
    object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: Any) -> None:
        sys.exit(-1)

    monkeypatch.setattr("core.engines.spark.backoff", lambda _: 0.0)
    monkeypatch.setattr(SparkEngine, "_connected", leave)
    bucket = object_server.bucket(_lake(2))
    with pytest.raises(SourceError, match="gave up with SystemExit"):
        await asyncio.wait_for(_read(_engine("sc://127.0.0.1:1", bucket), bucket), 30)


async def test_a_bucket_that_denies_fails_as_it_does_here(sail: str, object_server: ObjectServer) -> None:
    bucket = object_server.bucket(_lake(30))
    outcomes = []
    for engine in (read_files, _engine(sail, bucket)):
        bucket.trouble = None
        files = asyncio.create_task(_read(engine, bucket))
        bucket.trouble = Trouble(status=403, code="AccessDenied", kind="GET")
        outcomes.append(await files)
    assert outcomes[0] == outcomes[1]
    assert all(outcome.error and not outcome.lasting for outcome in outcomes[0].values())


def test_a_token_in_the_url_is_never_shown(tmp_path: Path) -> None:
    nuvyn = Nuvyn(tmp_path)
    env = {"NUVYN_SPARK_REMOTE": "sc://127.0.0.1:1/;token=verysecrettoken;use_ssl=false"}
    shown = nuvyn("config", "show", env=env)
    assert "verysecrettoken" not in shown.out + shown.err
    assert "sc://127.0.0.1:1" in shown.out
