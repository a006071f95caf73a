"""Local folders and files."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Fault, SourceError
from core.sources.locations import locate
from core.sources.stores.local_names import key_of, path_of
from tests.sources.reading import ODD, contents, everything, opened, sizes


def write(root: Path, objects: dict[str, bytes]) -> None:
    for key, data in objects.items():
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


async def test_odd_names_are_listed_and_read(tmp_path: Path) -> None:
    objects = contents((*ODD, "new\nline", "back\\slash", "*.glob?", "empty")) | {"empty": b""}
    write(tmp_path, objects)
    async with opened(locate(str(tmp_path))) as store:
        assert await everything(store) == objects
        assert store.warnings == []


async def test_names_that_are_no_text(tmp_path: Path) -> None:
    for name in (b"caf\xe9.csv", b"caf\xef\xbf\xbdE9.csv"):
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(name)
    async with opened(locate(str(tmp_path))) as store:
        found = await everything(store)
    assert found["caf\ufffdE9.csv"] == b"caf\xe9.csv"
    assert set(found.values()) == {b"caf\xe9.csv", b"caf\xef\xbf\xbdE9.csv"}


@given(st.binary(min_size=1))
def test_every_name_has_a_key_of_its_own(raw: bytes) -> None:
    key = key_of(os.fsdecode(raw))
    key.encode("utf-8")
    assert os.fsencode(path_of(key)) == raw


async def test_requests_are_one_a_folder_and_one_a_span(tmp_path: Path) -> None:
    write(tmp_path, {f"{folder}/{i:04}": b"12345678" for folder in "abc" for i in range(900)})
    async with opened(locate(str(tmp_path))) as store:
        assert len(await sizes(store)) == 2700
        assert await store.read("a/0001", [(0, 3), (4, 8)]) == [b"123", b"5678"]
        assert store.requests == {"LIST": 4, "GET": 2}


async def test_a_path_may_be_one_file(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": b"one", "b.csv": b"other"})
    async with opened(locate(str(tmp_path / "a.csv"))) as store:
        assert await everything(store) == {"a.csv": b"one"}


async def test_times_are_those_of_the_file_in_utc(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"x"})
    os.utime(tmp_path / "a", ns=(0, 1_700_000_000_123_456_789))
    async with opened(locate(str(tmp_path))) as store:
        (page,) = [page async for page in store.pages()]
    (row,) = page.to_pylist()
    assert row["modified"].isoformat() == "2023-11-14T22:13:20.123456"
    assert row["etag"] is None


async def test_links_make_neither_loops_nor_copies(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(root, {"data/a": b"a"})
    write(outside, {"b": b"b"})
    (root / "data" / "up").symlink_to(root)
    (root / "0-alias").symlink_to(root / "data")
    (root / "away").symlink_to(outside)
    (root / "away-again").symlink_to(outside)
    (outside / "back").symlink_to(root)
    (root / "file-link").symlink_to(outside / "b")
    (root / "dangling").symlink_to(root / "nothing")
    (root / "itself").symlink_to(root / "itself")
    async with opened(locate(str(root))) as store:
        assert await everything(store) == {"data/a": b"a", "away/b": b"b", "file-link": b"b"}
        text = " ".join(store.warnings)
    assert "dangling" in text
    assert "itself" in text


async def test_pipes_and_sockets_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"x"})
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        async with opened(locate(str(tmp_path))) as store:
            assert await sizes(store) == {"a": 1}
            (text,) = store.warnings
    assert "pipe" in text


async def test_nothing_there(tmp_path: Path) -> None:
    async with opened(locate(str(tmp_path / "none"))) as store:
        with pytest.raises(SourceError, match="none does not exist") as caught:
            await sizes(store)
    assert caught.value.fault is Fault.NOT_FOUND


async def test_an_empty_folder_is_no_error(tmp_path: Path) -> None:
    async with opened(locate(str(tmp_path))) as store:
        assert await sizes(store) == {}


@pytest.fixture
def guarded() -> Iterator[Path]:
    """A folder with a closed one in it, looked at by somebody who is not root."""
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        write(root, {"open/a": b"x", "open/secret": b"x", "closed/b": b"x"})
        (root / "open" / "secret").chmod(0)
        (root / "closed").chmod(0)
        if me == 0:
            os.seteuid(65534)
        try:
            yield root
        finally:
            os.seteuid(me)
            (root / "closed").chmod(0o700)


async def test_folders_and_files_that_may_not_be_read(guarded: Path) -> None:
    async with opened(locate(str(guarded))) as store:
        assert await sizes(store) == {"open/a": 1, "open/secret": 1}
        assert list(store.warnings) == ["folders could not be listed (1): closed/"]
        with pytest.raises(SourceError, match="secret may not be read") as file:
            await store.read("open/secret", [(0, 1)])
    async with opened(locate(str(guarded / "closed"))) as store:
        with pytest.raises(SourceError, match="closed may not be read") as folder:
            await sizes(store)
    assert file.value.fault is folder.value.fault is Fault.DENIED


async def test_a_file_that_vanished_or_shrank(tmp_path: Path) -> None:
    write(tmp_path, {"gone": b"12345678", "short": b"12345678"})
    async with opened(locate(str(tmp_path))) as store:
        await sizes(store)
        (tmp_path / "gone").unlink()
        (tmp_path / "short").write_bytes(b"1234")
        with pytest.raises(SourceError, match="gone") as gone:
            await store.read("gone", [(0, 8)])
        with pytest.raises(SourceError, match="changed since it was listed"):
            await store.read("short", [(2, 8)])
    assert gone.value.fault is Fault.NOT_FOUND


async def test_a_deep_tree(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*(["d"] * 600))
    deep.mkdir(parents=True)
    (deep / "a").write_bytes(b"x")
    async with opened(locate(str(tmp_path))) as store:
        assert await sizes(store) == {"d/" * 600 + "a": 1}
